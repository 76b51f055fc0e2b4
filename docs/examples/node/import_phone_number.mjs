// POST /phone-numbers/import
// Reads API_URL, API_TOKEN, CARRIER_NUMBER.
const { API_URL, API_TOKEN, CARRIER_NUMBER } = process.env;

const response = await fetch(`${API_URL}/phone-numbers/import`, {
  method: "POST",
  headers: {
    "Authorization": `Bearer ${API_TOKEN}`,
    "Content-Type": "application/json",
  },
  body: JSON.stringify({
    "phone_number": CARRIER_NUMBER,
    "provider": "telnyx",
  }),
});
console.log(await response.text());
process.exitCode = response.ok ? 0 : 1;
