// PUT /phone-numbers/webhooks
// Reads API_URL, API_TOKEN, PHONE_NUMBER.
const { API_URL, API_TOKEN, PHONE_NUMBER } = process.env;

const response = await fetch(`${API_URL}/phone-numbers/webhooks`, {
  method: "PUT",
  headers: {
    "Authorization": `Bearer ${API_TOKEN}`,
    "Content-Type": "application/json",
  },
  body: JSON.stringify({
    "phone_number": PHONE_NUMBER,
    "disable_sms": true,
  }),
});
console.log(await response.text());
process.exitCode = response.ok ? 0 : 1;
