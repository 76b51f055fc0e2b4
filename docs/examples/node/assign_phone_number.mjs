// POST /phone-numbers/assign
// Reads API_URL, API_TOKEN, PHONE_NUMBER, ASSISTANT_ID.
const { API_URL, API_TOKEN, PHONE_NUMBER, ASSISTANT_ID } = process.env;

const response = await fetch(`${API_URL}/phone-numbers/assign`, {
  method: "POST",
  headers: {
    "Authorization": `Bearer ${API_TOKEN}`,
    "Content-Type": "application/json",
  },
  body: JSON.stringify({
    "phone_number": PHONE_NUMBER,
    "assistant_id": Number(ASSISTANT_ID),
  }),
});
console.log(await response.text());
process.exitCode = response.ok ? 0 : 1;
