// POST /store-telnyx-credentials
// Reads API_URL, API_TOKEN, TELNYX_API_KEY, TELNYX_PUBLIC_KEY, TELNYX_ACCOUNT_SID.
const { API_URL, API_TOKEN, TELNYX_API_KEY, TELNYX_PUBLIC_KEY, TELNYX_ACCOUNT_SID } = process.env;

const response = await fetch(`${API_URL}/store-telnyx-credentials`, {
  method: "POST",
  headers: {
    "Authorization": `Bearer ${API_TOKEN}`,
    "Content-Type": "application/json",
  },
  body: JSON.stringify({
    "telnyx_api_key": TELNYX_API_KEY,
    "telnyx_public_key": TELNYX_PUBLIC_KEY,
    "telnyx_account_sid": TELNYX_ACCOUNT_SID,
  }),
});
console.log(await response.text());
process.exitCode = response.ok ? 0 : 1;
