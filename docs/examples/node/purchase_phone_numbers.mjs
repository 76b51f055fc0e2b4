// POST /phone-numbers/purchase-batch
// Reads API_URL, API_TOKEN, SECOND_PHONE_NUMBER.
const { API_URL, API_TOKEN, SECOND_PHONE_NUMBER } = process.env;

const response = await fetch(`${API_URL}/phone-numbers/purchase-batch`, {
  method: "POST",
  headers: {
    "Authorization": `Bearer ${API_TOKEN}`,
    "Content-Type": "application/json",
  },
  body: JSON.stringify({
    "items": [
      {
        "phone_number": SECOND_PHONE_NUMBER,
        "provider": "telnyx",
      },
    ],
  }),
});
console.log(await response.text());
process.exitCode = response.ok ? 0 : 1;
