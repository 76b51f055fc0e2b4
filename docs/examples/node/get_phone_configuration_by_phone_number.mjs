// GET /phone-configurations/by-phone-number/{phone_number}
// Reads API_URL, API_TOKEN, PHONE_NUMBER.
const { API_URL, API_TOKEN, PHONE_NUMBER } = process.env;

const response = await fetch(`${API_URL}/phone-configurations/by-phone-number/${PHONE_NUMBER}`, {
  method: "GET",
  headers: {
    "Authorization": `Bearer ${API_TOKEN}`,
  },
});
console.log(await response.text());
process.exitCode = response.ok ? 0 : 1;
