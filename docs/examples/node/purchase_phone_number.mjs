// POST /phone-numbers/purchase
// Reads API_URL, API_TOKEN, PHONE_NUMBER, IDEMPOTENCY_KEY.
const { API_URL, API_TOKEN, PHONE_NUMBER, IDEMPOTENCY_KEY } = process.env;

const response = await fetch(`${API_URL}/phone-numbers/purchase`, {
  method: "POST",
  headers: {
    "Authorization": `Bearer ${API_TOKEN}`,
    "Content-Type": "application/json",
    "Idempotency-Key": IDEMPOTENCY_KEY,
  },
  body: JSON.stringify({
    "phone_number": PHONE_NUMBER,
    "provider": "telnyx",
    "friendly_name": "Front desk",
  }),
});
console.log(await response.text());
process.exitCode = response.ok ? 0 : 1;
