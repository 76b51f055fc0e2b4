// Shows what the API tells about one agency. Reads only; everything is put on the page as text, never as markup.
"use strict";

const at = (selector) => document.querySelector(selector);

async function get(path, token) {
  const response = await fetch(path, { headers: { Authorization: `Bearer ${token}` }, cache: "no-store" });
  const body = await response.json();
  if (response.ok) return body;
  const error = body.error?.message ?? body.error ?? body.detail ?? body.message;
  throw new Error(`${error} (${response.status}, request ${response.headers.get("x-request-id")})`);
}

function element(name, text) {
  const made = document.createElement(name);
  made.textContent = text ?? "–";
  return made;
}

function fillTable(table, columns, rows, nothing) {
  const head = document.createElement("tr");
  head.append(...Object.keys(columns).map((title) => element("th", title)));
  const lines = rows.map((row) => {
    const line = document.createElement("tr");
    line.append(...Object.values(columns).map((value) => element("td", value(row))));
    return line;
  });
  table.replaceChildren(...(rows.length ? [head, ...lines] : [element("caption", nothing)]));
}

function fillList(list, facts) {
  list.replaceChildren(
    ...Object.entries(facts).flatMap(([title, value]) => [element("dt", title), element("dd", value)]),
  );
}

const yes = (value) => (value ? "yes" : "no");
const moment = (value) => (value === null ? null : new Date(value).toLocaleString());

async function show(token) {
  const [status, numbers, operations] = await Promise.all([
    get("get-integration-status", token),
    get("phone-configurations?pageSize=100", token),
    get("operations", token),
  ]);
  fillList(at("#status"), {
    Agency: `${status.agency_name} (${status.agency_id})`,
    "Telnyx keys": yes(status.telnyx.configured),
    "Ultravox key": yes(status.ultravox.configured),
    Provisioned: yes(status.telnyx.provisioned),
    "Telnyx application": status.telnyx.application_id,
    "Outbound voice profile": status.telnyx.outbound_profile_id,
    "Ready for calls": yes(status.telephony_configured),
    "Next steps": status.next_steps.join(" · ") || null,
  });
  fillTable(
    at("#numbers"),
    {
      Number: (row) => row.phoneNumber,
      Name: (row) => row.friendlyName,
      Carrier: (row) => row.providerType,
      Status: (row) => row.status,
      "Answered by": (row) => row.voiceChannel?.name ?? null,
      "A month": (row) => row.monthlyPrice,
    },
    numbers.data.data,
    "No numbers yet.",
  );
  fillTable(
    at("#operations"),
    {
      Kind: (row) => row.kind,
      Status: (row) => row.status,
      Step: (row) => row.steps.find((step) => step.status !== "DONE")?.step ?? null,
      Attempts: (row) => row.attempts,
      Begun: (row) => moment(row.created_at),
      "Next try": (row) => moment(row.due_at),
      Error: (row) => row.error?.message ?? null,
      Id: (row) => row.id,
    },
    operations.operations,
    "No operations yet.",
  );
}

at("#sign-in").addEventListener("submit", async (event) => {
  event.preventDefault();
  at("#message").textContent = "Loading…";
  try {
    await show(at("#token").value.trim());
    at("#message").textContent = `As of ${new Date().toLocaleTimeString()}.`;
    at("main").hidden = false;
  } catch (error) {
    at("#message").textContent = error.message;
    at("main").hidden = true;
  }
});
