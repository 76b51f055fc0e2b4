// POST /providers-configurations
// Reads API_URL, API_TOKEN, TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN, ORG_HANDLE.
const { API_URL, API_TOKEN, TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN, ORG_HANDLE } = process.env;

const response = await fetch(`${API_URL}/providers-configurations`, {
  method: "POST",
  headers: {
    "Authorization": `Bearer ${API_TOKEN}`,
    "Content-Type": "application/json",
    "Org-Handle": ORG_HANDLE,
  },
  body: JSON.stringify({
    "name": "Second account",
    "provider": 3,
    "api_key": TWILIO_ACCOUNT_SID,
    "api_secret": TWILIO_AUTH_TOKEN,
  }),
});
console.log(await response.text());
process.exitCode = response.ok ? 0 : 1;
