// PATCH /phone-configurations
// Reads API_URL, API_TOKEN, PHONE_CONFIGURATION_ID.
const { API_URL, API_TOKEN, PHONE_CONFIGURATION_ID } = process.env;

const response = await fetch(`${API_URL}/phone-configurations`, {
  method: "PATCH",
  headers: {
    "Authorization": `Bearer ${API_TOKEN}`,
    "Content-Type": "application/json",
  },
  body: JSON.stringify({
    "id": PHONE_CONFIGURATION_ID,
    "friendlyName": "Front desk",
  }),
});
console.log(await response.text());
process.exitCode = response.ok ? 0 : 1;
