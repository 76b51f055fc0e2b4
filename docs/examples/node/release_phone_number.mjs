// POST /phone-numbers/release
// Reads API_URL, API_TOKEN, SECOND_PHONE_NUMBER.
const { API_URL, API_TOKEN, SECOND_PHONE_NUMBER } = process.env;

const response = await fetch(`${API_URL}/phone-numbers/release`, {
  method: "POST",
  headers: {
    "Authorization": `Bearer ${API_TOKEN}`,
    "Content-Type": "application/json",
  },
  body: JSON.stringify({
    "phone_number": SECOND_PHONE_NUMBER,
  }),
});
console.log(await response.text());
process.exitCode = response.ok ? 0 : 1;
