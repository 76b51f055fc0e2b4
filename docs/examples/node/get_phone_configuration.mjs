// GET /phone-configurations/{configuration_id}
// Reads API_URL, API_TOKEN, PHONE_CONFIGURATION_ID.
const { API_URL, API_TOKEN, PHONE_CONFIGURATION_ID } = process.env;

const response = await fetch(`${API_URL}/phone-configurations/${PHONE_CONFIGURATION_ID}`, {
  method: "GET",
  headers: {
    "Authorization": `Bearer ${API_TOKEN}`,
  },
});
console.log(await response.text());
process.exitCode = response.ok ? 0 : 1;
