// PATCH /phone-configurations/{configuration_id}
// Reads API_URL, API_TOKEN, PHONE_CONFIGURATION_ID.
const { API_URL, API_TOKEN, PHONE_CONFIGURATION_ID } = process.env;

const response = await fetch(`${API_URL}/phone-configurations/${PHONE_CONFIGURATION_ID}`, {
  method: "PATCH",
  headers: {
    "Authorization": `Bearer ${API_TOKEN}`,
    "Content-Type": "application/json",
  },
  body: JSON.stringify({
    "friendlyName": "Reception",
  }),
});
console.log(await response.text());
process.exitCode = response.ok ? 0 : 1;
