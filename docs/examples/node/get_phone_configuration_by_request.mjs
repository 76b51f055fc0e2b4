// GET /phone-configurations/by-request/{phone_request_id}
// Reads API_URL, API_TOKEN, PHONE_REQUEST_ID.
const { API_URL, API_TOKEN, PHONE_REQUEST_ID } = process.env;

const response = await fetch(`${API_URL}/phone-configurations/by-request/${PHONE_REQUEST_ID}`, {
  method: "GET",
  headers: {
    "Authorization": `Bearer ${API_TOKEN}`,
  },
});
console.log(await response.text());
process.exitCode = response.ok ? 0 : 1;
