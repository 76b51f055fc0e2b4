// POST /twiml
// Reads API_URL.
const { API_URL } = process.env;

const response = await fetch(`${API_URL}/twiml`, {
  method: "POST",
  headers: {
    "Content-Type": "application/x-www-form-urlencoded",
    "X-Twilio-Signature": "0/KCTR6DLpKmkAf8muzZqo1nDgQ=",
  },
  body: "AccountSid=AC00000000000000000000000000000000&CallSid=CA00000000000000000000000000000000&From=%2B12125550100&To=%2B12125550199",
});
console.log(await response.text());
process.exitCode = response.ok ? 0 : 1;
