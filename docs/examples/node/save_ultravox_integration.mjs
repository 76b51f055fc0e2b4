// POST /save-ultravox-integration
// Reads API_URL, API_TOKEN, ULTRAVOX_API_KEY.
const { API_URL, API_TOKEN, ULTRAVOX_API_KEY } = process.env;

const response = await fetch(`${API_URL}/save-ultravox-integration`, {
  method: "POST",
  headers: {
    "Authorization": `Bearer ${API_TOKEN}`,
    "Content-Type": "application/json",
  },
  body: JSON.stringify({
    "api_key": ULTRAVOX_API_KEY,
  }),
});
console.log(await response.text());
process.exitCode = response.ok ? 0 : 1;
