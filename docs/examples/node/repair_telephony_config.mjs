// POST /repair-telephony-config
// Reads API_URL, API_TOKEN.
const { API_URL, API_TOKEN } = process.env;

const response = await fetch(`${API_URL}/repair-telephony-config`, {
  method: "POST",
  headers: {
    "Authorization": `Bearer ${API_TOKEN}`,
    "Content-Type": "application/json",
  },
  body: JSON.stringify({
    "dry_run": true,
  }),
});
console.log(await response.text());
process.exitCode = response.ok ? 0 : 1;
