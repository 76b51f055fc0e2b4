// GET /phone-numbers/{phone_number}/diagnose
// Reads API_URL, API_TOKEN, PHONE_NUMBER.
const { API_URL, API_TOKEN, PHONE_NUMBER } = process.env;

const response = await fetch(`${API_URL}/phone-numbers/${PHONE_NUMBER}/diagnose`, {
  method: "GET",
  headers: {
    "Authorization": `Bearer ${API_TOKEN}`,
  },
});
console.log(await response.text());
process.exitCode = response.ok ? 0 : 1;
