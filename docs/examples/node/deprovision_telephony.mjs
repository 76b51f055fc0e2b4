// POST /deprovision-telephony
// Reads API_URL, API_TOKEN.
const { API_URL, API_TOKEN } = process.env;

const response = await fetch(`${API_URL}/deprovision-telephony`, {
  method: "POST",
  headers: {
    "Authorization": `Bearer ${API_TOKEN}`,
    "Content-Type": "application/json",
  },
  body: JSON.stringify({
    "confirm": true,
  }),
});
console.log(await response.text());
process.exitCode = response.ok ? 0 : 1;
