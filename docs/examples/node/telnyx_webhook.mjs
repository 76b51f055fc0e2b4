// POST /telnyx-webhook/{agency_id}/{webhook_secret}
// Reads API_URL, AGENCY_ID, WEBHOOK_SECRET, TELNYX_SIGNATURE, TELNYX_TIMESTAMP.
const { API_URL, AGENCY_ID, WEBHOOK_SECRET, TELNYX_SIGNATURE, TELNYX_TIMESTAMP } = process.env;

const response = await fetch(`${API_URL}/telnyx-webhook/${AGENCY_ID}/${WEBHOOK_SECRET}`, {
  method: "POST",
  headers: {
    "Content-Type": "application/json",
    "Telnyx-Signature-Ed25519": TELNYX_SIGNATURE,
    "Telnyx-Timestamp": TELNYX_TIMESTAMP,
  },
  body: '{"data": {"event_type": "call.initiated", "id": "0ccc7b54-4df3-4bca-a65a-3da1ecc777f0", "payload": {}}}',
});
console.log(await response.text());
process.exitCode = response.ok ? 0 : 1;
