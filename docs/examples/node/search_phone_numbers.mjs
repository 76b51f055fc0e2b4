// POST /phone-numbers/search
// Reads API_URL, API_TOKEN.
const { API_URL, API_TOKEN } = process.env;

const response = await fetch(`${API_URL}/phone-numbers/search`, {
  method: "POST",
  headers: {
    "Authorization": `Bearer ${API_TOKEN}`,
    "Content-Type": "application/json",
  },
  body: JSON.stringify({
    "provider": "telnyx",
    "country_code": "US",
    "limit": 3,
  }),
});
console.log(await response.text());
process.exitCode = response.ok ? 0 : 1;
