// The page of Connector's API: shows mappings and the server's state, and changes mappings. It knows the API that
// doc/openapi.yaml describes, and nothing else. What comes from the server becomes text, never markup.

const POLL = 2000; // ms between two looks at what is visible
const MAX_PAUSE = 30000; // ms between two tries while the server does not answer
const TIMEOUT = 15000; // ms that an answer may take
const PAGE_SIZE = 1000; // mappings in one answer, the API's most
const FEW = 100; // mappings that are looked at together, and not one by one
const LIST_AGE = 60000; // ms after which those that are not visible are looked at, too
const LIST_PAUSE = 5000; // ms between two looks at all, whatever happens
const AT_ONCE = 4; // requests under way for visible mappings
const SAMPLES = 150; // of a mapping's traffic, 5 minutes while it is visible
const BEYOND = 6; // rows that are kept above and below the visible ones

// --- elements and words ------------------------------------------------------------------------------------------

const $ = (selector, within = document) => within.querySelector(selector);
const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];

function element(tag, attributes = {}, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
        if (value !== false && value != null) made.setAttribute(name, value === true ? "" : value);
    }
    made.append(...children);
    return made;
}

function setText(node, text) {
    if (node.textContent !== String(text)) node.textContent = text;
}

function setAttribute(node, name, value) {
    if (value == null) node.removeAttribute(name);
    else if (node.getAttribute(name) !== String(value)) node.setAttribute(name, value);
}

const number = new Intl.NumberFormat("en");
const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

function bytes(count) {
    const units = ["B", "kB", "MB", "GB", "TB", "PB"];
    let value = count;
    let unit = 0;
    while (value >= 999.5 && unit < units.length - 1) {
        value /= 1000;
        unit += 1;
    }
    return `${value.toFixed(unit > 0 && value < 99.95 ? 1 : 0)} ${units[unit]}`;
}

const rate = (perSecond) => `${bytes(perSecond)}/s`;

function duration(milliseconds) {
    const seconds = Math.round(milliseconds / 1000);
    for (const [unit, length] of [["d", 86400], ["h", 3600], ["min", 60]]) {
        if (seconds >= 2 * length) return `${Math.floor(seconds / length)} ${unit}`;
    }
    return `${Math.max(seconds, 0)} s`;
}

// Behind what the server's clock says; this machine's may be another one.
const serverNow = () => Date.now() + server.clockOffset;

function ago(timestamp) {
    if (timestamp == null) return "never";
    const passed = serverNow() - timestamp;
    return passed < 2 * POLL + 1000 ? "now" : `${duration(passed)} ago`;
}

const exactly = (timestamp) => (timestamp == null ? "never" : new Date(timestamp).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" }));

// --- the API -----------------------------------------------------------------------------------------------------

const TOKEN_KEY = "connector-token";

class ApiError extends Error {
    // status: 0 where there was no answer.
    constructor(status, message) {
        super(message);
        this.status = status;
    }
}

let token = sessionStorage.getItem(TOKEN_KEY);
let asking = false; // for a token

async function call(method, path, body) {
    const used = token;
    const headers = { Accept: "application/json" };
    if (used) headers.Authorization = `Bearer ${used}`;
    if (body !== undefined) headers["Content-Type"] = "application/json";
    let response;
    let answer;
    try {
        response = await fetch(`api/v2/${path}`, {
            method,
            headers,
            body: body === undefined ? undefined : JSON.stringify(body),
            cache: "no-store",
            redirect: "error",
            signal: AbortSignal.timeout(TIMEOUT),
        });
        answer = await response.json();
    } catch {
        throw new ApiError(0, "The server does not answer.");
    }
    if (response.status === 401 && used === token) askForToken(used);
    if (!response.ok) throw new ApiError(response.status, answer.errormessage ?? `The answer is ${response.status}.`);
    return answer;
}

const pathOf = (id, rest = "") => `mapping/${encodeURIComponent(id)}${rest}`;

function askForToken(refused) {
    if (asking) return;
    asking = true;
    token = null;
    sessionStorage.removeItem(TOKEN_KEY);
    $("#forget").hidden = true;
    $("main").hidden = true; // until the server knows who looks at it
    openDialog("#token-dialog", async (form) => {
        const given = form.elements.token.value.trim();
        if (!/^[!-~]+$/.test(given)) throw new ApiError(0, "A token has no blanks, and no letters beyond ASCII.");
        token = given;
        sessionStorage.setItem(TOKEN_KEY, token);
        $("#forget").hidden = false;
        asking = false;
        lookAtAll();
    });
    setText($("#token-dialog .error"), refused ? "The server does not know that token." : "");
}

// --- the mappings ------------------------------------------------------------------------------------------------

// problem: why nothing can be shown. gone: that what was shown is not there any more.
const server = { status: null, clockOffset: 0, samples: [], unreachableSince: null, problem: "", gone: "" };
const all = new Map(); // of each id, its Mapping

const STATES = {
    degraded: "Degraded",
    noagent: "No agent",
    waiting: "Visitors wait",
    used: "In use",
    ready: "Ready",
};

class Mapping {
    samples = []; // {time, from: [bytes, bytes]}

    constructor(data) {
        this.update(data);
    }

    update(data) {
        this.data = data;
        this.isPublic = data.type === "public";
        this.name = data.label || data.name || data.id;
        this.state = this.#state();
        this.text = [data.label, data.name, data.id, data.port1, data.port2, data.url ?? "", data.type].join("\n").toLowerCase();
        addSample(this.samples, [data.bytesfromport1, data.bytesfromport2]);
    }

    get agents() {
        const { agentswaiting, agentswaitingport1, agentswaitingport2 } = this.data;
        return this.isPublic ? [agentswaiting] : [agentswaitingport1, agentswaitingport2];
    }

    get visitors() {
        return this.data.relays + (this.data.visitorswaiting ?? 0);
    }

    get seen() {
        return Math.max(this.data.lastagent ?? 0, this.data.lastvisitor ?? 0);
    }

    // Bytes a second, of the last two samples, each way.
    get rates() {
        const [before, last] = this.samples.slice(-2);
        return last ? rateBetween(before, last) : [0, 0];
    }

    get rate() {
        return this.rates[0] + this.rates[1];
    }

    #state() {
        if (this.data.state === "degraded") return "degraded";
        if (this.data.relays > 0) return this.data.visitorswaiting > 0 && this.agents[0] === 0 ? "waiting" : "used";
        if (this.agents.includes(0)) return "noagent";
        return "ready";
    }

    get reasons() {
        const { degraded, port1, port2 } = this.data;
        const words = {
            port1: `port ${port1} is held by something else`,
            port2: `port ${port2} is held by something else`,
            visitortls: "visitors would speak plain TCP, and may not (pipes.allow-plain-visitors)",
            front: "it has no ports, and nobody can come by the front (front.port, front.domain)",
        };
        return (degraded ?? []).map((reason) => words[reason] ?? reason);
    }

    get limits() {
        const { visitorsperaddress, visitorrate, bandwidth, relayidle, allow = [], deny = [] } = this.data;
        const words = [];
        if (visitorsperaddress) words.push(`${number.format(visitorsperaddress)} per address`);
        if (visitorrate) words.push(`${number.format(visitorrate)} new/s`);
        if (bandwidth) words.push(rate(bandwidth));
        if (relayidle) words.push(`idle ${duration(relayidle)}`);
        if (allow.length) words.push(`allow ${allow.length}`);
        if (deny.length) words.push(`deny ${deny.length}`);
        return words;
    }
}

// Two that are close to each other say little: the later one is kept.
function addSample(samples, from) {
    const time = performance.now();
    if (samples.length > 1 && time - samples.at(-1).time < POLL / 2) samples.pop();
    samples.push({ time, from });
    if (samples.length > SAMPLES) samples.shift();
}

// A restarted server counts from 0.
function rateBetween(before, last) {
    const seconds = (last.time - before.time) / 1000;
    return last.from.map((count, side) => (seconds > 0 ? Math.max(count - before.from[side], 0) / seconds : 0));
}

// --- curves ------------------------------------------------------------------------------------------------------

function svg(tag, attributes) {
    const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    return made;
}

function makeCurve(into) {
    setAttribute(into, "viewBox", "0 0 100 100");
    setAttribute(into, "preserveAspectRatio", "none");
    into.replaceChildren(svg("polygon", {}), svg("polyline", {}));
}

function newCurve() {
    const curve = svg("svg", { class: "curve", "aria-hidden": "true" });
    makeCurve(curve);
    return curve;
}

// The sum of both directions, of this many milliseconds up to now.
function drawCurve(curve, samples, span) {
    const now = performance.now();
    const points = [];
    for (let i = 1; i < samples.length; i += 1) {
        if (now - samples[i].time > span) continue;
        const both = rateBetween(samples[i - 1], samples[i]);
        points.push([100 - (100 * (now - samples[i].time)) / span, both[0] + both[1]]);
    }
    const most = Math.max(...points.map((point) => point[1]), 1);
    const line = points.map(([x, y]) => `${x.toFixed(1)},${(97 - (92 * y) / most).toFixed(1)}`).join(" ");
    const first = points.length ? points[0][0].toFixed(1) : 100;
    setAttribute(curve.lastChild, "points", line);
    setAttribute(curve.firstChild, "points", line ? `${first},100 ${line} 100,100` : "");
}

// --- the server --------------------------------------------------------------------------------------------------

const DATABASE = {
    full: "The database can't be written: the disk, or a quota, is full.",
    locked: "The database can't be written: another program has locked it.",
    stalled: "The database's disk does not answer.",
    failing: "The database can't be written; the server's log says why.",
};

async function lookAtServer() {
    const status = await call("GET", "status");
    server.status = status;
    server.clockOffset = status.timestamp - Date.now();
    addSample(server.samples, [status.bytesrelayed, 0]);
    $("main").hidden = false;
    showServer();
}

function showServer() {
    const { status, samples } = server;
    setText($("#server"), `Version ${status.version}, up ${duration(status.uptime)}`);
    const used = status.descriptors - status.availableDescriptors;
    const [before, last] = samples.slice(-2);
    const totals = {
        mappings: number.format(status.mappings),
        agents: number.format(status.agentswaiting),
        waiting: number.format(status.visitorswaiting),
        relays: number.format(status.relays),
        rate: last ? rate(rateBetween(before, last)[0]) : "–",
        refused: number.format(status.visitorsrefused),
        ports: number.format(status.availablePorts),
        descriptors: `${number.format(used)} of ${number.format(status.descriptors)}`,
        database: status.database,
    };
    for (const [name, text] of Object.entries(totals)) setText($(`[data-total=${name}]`), text);
    drawCurve($("#total-curve"), samples, POLL * 60);
    showProblems();
}

function problemsOf(status) {
    const problems = [];
    if (DATABASE[status.database]) problems.push({ bad: true, text: `${DATABASE[status.database]} Mappings are served.` });
    if (status.degraded > 0) {
        const words = status.degraded === 1 ? "1 mapping is degraded" : `${status.degraded} mappings are degraded`;
        problems.push({ bad: true, text: `${words}: a port is taken, or plain visitors may not come.`, filter: "degraded" });
    }
    if (status.damaged > 0)
        problems.push({ bad: true, text: `${status.damaged} stored mappings are damaged and not served; the server's log names them.` });
    const used = status.descriptors - status.availableDescriptors;
    if (used > 0.8 * status.descriptors)
        problems.push({ text: `${Math.round((100 * used) / status.descriptors)} % of the descriptors are used: soon no connection can be taken.` });
    const lonely = [...all.values()].filter((mapping) => mapping.state === "noagent").length;
    if (lonely > 0)
        problems.push({ text: `${lonely === 1 ? "1 mapping has" : `${number.format(lonely)} mappings have`} no agent.`, filter: "noagent" });
    if (status.availablePorts < 2) problems.push({ text: "There are no two free ports for another mapping." });
    return problems;
}

function showProblems() {
    const problems = server.status ? problemsOf(server.status) : [];
    for (const text of [server.gone, server.problem]) if (text) problems.unshift({ bad: true, text });
    if (server.status && !problems.some((problem) => problem.bad)) problems.unshift({ good: true, text: "Nothing is degraded." });
    document.title = problems.some((problem) => problem.bad) ? "(!) Connector" : "Connector";
    const key = JSON.stringify(problems);
    const list = $("#problems");
    if (list.dataset.key === key) return; // what is announced once is not announced again
    list.dataset.key = key;
    list.replaceChildren(...problems.map((problem) => {
        const item = element("li", { class: problem.good ? "good" : problem.bad ? "bad" : "" }, problem.text);
        if (problem.filter) {
            const button = element("button", { type: "button" }, "Show");
            button.addEventListener("click", () => {
                $("#state").value = problem.filter;
                location.hash = "";
                arrange();
            });
            item.append(button);
        }
        return item;
    }));
}

// --- the list ----------------------------------------------------------------------------------------------------

const list = { order: [], shown: [], active: null, descending: false, loading: false, loadedAt: -Infinity, rows: new Map(), spare: [] };

const KEYS = {
    name: (mapping) => mapping.name,
    state: (mapping) => Object.keys(STATES).indexOf(mapping.state),
    agents: (mapping) => mapping.agents.reduce((sum, count) => sum + count),
    visitors: (mapping) => mapping.visitors,
    rate: (mapping) => mapping.rate,
    seen: (mapping) => mapping.seen,
};

function listPage(after) {
    return call("GET", `mapping?limit=${PAGE_SIZE}${after === undefined ? "" : `&after=${encodeURIComponent(after)}`}`);
}

// What is not in the list any more is forgotten when all of it has been read.
async function lookAtList() {
    if (list.loading) return;
    list.loading = true;
    try {
        const met = new Set();
        const began = performance.now();
        for (let coming = listPage(); coming;) {
            const page = await coming;
            coming = page.next === undefined ? null : listPage(page.next); // comes while this one is shown
            for (const data of page.mappings) {
                met.add(data.id);
                note(data);
            }
            if (list.loadedAt < 0 && met.size === page.mappings.length) arrange(); // the first is there before the last
        }
        for (const id of all.keys()) if (!met.has(id)) all.delete(id);
        list.loadedAt = performance.now();
        performance.measure("list", { start: began });
        arrange();
    } finally {
        list.loading = false;
    }
}

function note(data) {
    const known = all.get(data.id);
    if (known) known.update(data);
    else all.set(data.id, new Mapping(data));
}

function listIsOld() {
    const age = performance.now() - list.loadedAt;
    const { mappings, degraded } = server.status;
    const shownDegraded = [...all.values()].filter((mapping) => mapping.state === "degraded").length;
    return age > LIST_AGE || (age > LIST_PAUSE && (mappings !== all.size || degraded !== shownDegraded));
}

// One that is gone stays until the list is read again.
async function lookAtVisible() {
    const visible = [...list.rows.keys()].filter((id) => all.has(id));
    const next = async () => {
        for (let id = visible.pop(); id !== undefined; id = visible.pop()) {
            try {
                note(await call("GET", pathOf(id)));
            } catch (error) {
                if (error.status !== 404) throw error;
                all.delete(id);
            }
        }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, next));
    fillRows();
}

// All mappings. What is nearly in this order already, as it mostly is, is sorted soon.
function inOrder(key, direction) {
    const before = list.order.filter((mapping) => all.get(mapping.data.id) === mapping);
    const known = new Set(before);
    const others = [...all.values()].filter((mapping) => !known.has(mapping));
    const keyed = [...before, ...others].map((mapping) => [key(mapping), mapping]);
    const compare = (left, right) => (typeof left === "string" ? collator.compare(left, right) : left - right);
    keyed.sort(([leftKey, left], [rightKey, right]) => compare(leftKey, rightKey) * direction ||
        collator.compare(left.name, right.name) || (left.data.id < right.data.id ? -1 : 1));
    return keyed.map((pair) => pair[1]);
}

// Which mappings are shown, and in which order.
function arrange() {
    const search = $("#search").value.trim().toLowerCase();
    const [state, type] = [$("#state").value, $("#type").value];
    const matches = (mapping) =>
        (state === "all" || mapping.state === state || mapping.data.state === state) &&
        (type === "all" || mapping.data.type === type) &&
        (!search || mapping.text.includes(search));
    list.order = inOrder(KEYS[$("#sort").value], list.descending ? -1 : 1);
    list.shown = list.order.filter(matches);
    const total = number.format(all.size);
    setText($("#count"), list.shown.length === all.size ? `${total} mappings` : `${number.format(list.shown.length)} of ${total} mappings`);
    $("#grid").setAttribute("aria-rowcount", list.shown.length + 1);
    for (const header of $$("[data-sort]"))
        setAttribute(header, "aria-sort", header.dataset.sort === $("#sort").value ? (list.descending ? "descending" : "ascending") : null);
    showRows();
    fillRows();
}

function sortBy(name) {
    const descendsFirst = name !== "name" && name !== "state";
    list.descending = $("#sort").value === name ? !list.descending : descendsFirst;
    $("#sort").value = name;
    arrange();
}

function newRow() {
    const lines = () => [element("span"), element("span", { class: "second" })];
    const traffic = element("div", { role: "gridcell", class: "traffic" }, newCurve(), element("span"));
    const name = element("div", { role: "gridcell" }, element("span", { class: "name" }), element("span", { class: "second" }));
    const state = element("div", { role: "gridcell" }, element("span", { class: "badge" }), element("span", { class: "second" }));
    const cell = () => element("div", { role: "gridcell" }, ...lines());
    return element("div", { role: "row", class: "row" }, name, state, cell(), cell(), traffic, cell(), cell());
}

function fillCell(cell, first, second) {
    setText(cell.firstChild, first);
    setText(cell.lastChild, second);
}

function fillRow(row, mapping) {
    const { data, isPublic, agents, reasons, limits } = mapping;
    const [name, state, agentsCell, visitors, traffic, seen, limitsCell] = row.children;
    row.dataset.id = data.id;
    fillCell(name, mapping.name, isPublic ? data.url : data.ports ? `private, ports ${data.port1} and ${data.port2}` : "private, at the front");
    fillCell(state, STATES[mapping.state], reasons.length ? reasons.join("; ") : data.type);
    setAttribute(state.firstChild, "data-state", mapping.state);
    setAttribute(state, "title", reasons.join("; ") || null);
    fillCell(agentsCell, `${agents.join(" + ")} waiting`, isPublic
        ? `of ${number.format(data.maxconnections)}`
        : `of ${number.format(data.maxconnectionsport1)} + ${number.format(data.maxconnectionsport2)}`);
    fillCell(visitors, `${number.format(data.relays)} joined`, isPublic ? `${number.format(data.visitorswaiting)} waiting` : "");
    drawCurve(traffic.firstChild, mapping.samples, POLL * 60);
    setText(traffic.lastChild, rate(mapping.rate));
    fillCell(seen, `agent ${ago(data.lastagent)}`, isPublic ? `visitor ${ago(data.lastvisitor)}` : "");
    fillCell(limitsCell, limits.slice(0, 2).join(", ") || "no limits", limits.slice(2).join(", "));
    setAttribute(limitsCell, "title", limits.join(", ") || null);
}

function fillRows() {
    for (const [id, row] of list.rows) if (all.has(id)) fillRow(row, all.get(id));
}

const rowHeight = () => parseFloat(getComputedStyle(document.documentElement).getPropertyValue("--row")) *
    parseFloat(getComputedStyle(document.documentElement).fontSize);

// Only rows that can be seen are there, and the one that has the focus.
function showRows() {
    const rows = $("#rows");
    if ($("#list").hidden) return;
    const height = rowHeight();
    rows.style.height = `${list.shown.length * height}px`;
    const above = -rows.getBoundingClientRect().top;
    const first = Math.max(Math.floor(above / height) - BEYOND, 0);
    const last = Math.min(Math.ceil((above + innerHeight) / height) + BEYOND, list.shown.length);
    const wanted = new Map();
    for (let i = first; i < last; i += 1) wanted.set(list.shown[i].data.id, i);
    const focused = document.activeElement.closest?.("#rows .row")?.dataset.id;
    if (focused !== undefined && !wanted.has(focused)) {
        const index = list.shown.findIndex((mapping) => mapping.data.id === focused);
        if (index >= 0) wanted.set(focused, index);
    }
    for (const [id, row] of list.rows) {
        if (wanted.has(id)) continue;
        row.remove();
        list.rows.delete(id);
        list.spare.push(row);
    }
    let before = null; // rows are in the document in the order that they are shown in
    for (const [id, index] of [...wanted].sort((left, right) => right[1] - left[1])) {
        let row = list.rows.get(id);
        if (!row) {
            row = list.spare.pop() ?? newRow();
            list.rows.set(id, row);
            fillRow(row, list.shown[index]);
        }
        if (row.parentNode !== rows || row.nextSibling !== before) rows.insertBefore(row, before);
        row.style.transform = `translateY(${index * height}px)`;
        row.setAttribute("aria-rowindex", index + 2);
        before = row;
    }
    chooseTabStop();
}

// One row is where the Tab key goes.
function chooseTabStop() {
    const stop = list.rows.has(list.active) ? list.active : $("#rows .row")?.dataset.id;
    for (const [id, row] of list.rows) row.tabIndex = id === stop ? 0 : -1;
}

function focusRow(index) {
    const mapping = list.shown[Math.min(Math.max(index, 0), list.shown.length - 1)];
    if (!mapping) return;
    list.active = mapping.data.id;
    const height = rowHeight();
    const top = $("#rows").getBoundingClientRect().top + list.shown.indexOf(mapping) * height;
    const head = $(".row.head").offsetHeight;
    if (top < head) scrollBy(0, top - head);
    else if (top + height > innerHeight) scrollBy(0, top + height - innerHeight);
    showRows();
    list.rows.get(list.active)?.focus({ preventScroll: true });
}

function onGridKey(event) {
    const row = event.target.closest("#rows .row");
    if (!row || event.altKey || event.ctrlKey || event.metaKey) return;
    const index = list.shown.findIndex((mapping) => mapping.data.id === row.dataset.id);
    const screen = Math.max(Math.floor(innerHeight / rowHeight()) - 1, 1);
    const to = { ArrowDown: index + 1, ArrowUp: index - 1, PageDown: index + screen, PageUp: index - screen,
        Home: 0, End: list.shown.length - 1 }[event.key];
    if (to !== undefined) focusRow(to);
    else if (event.key === "Enter" || event.key === " ") openMapping(row.dataset.id);
    else return;
    event.preventDefault();
}

// --- one mapping -------------------------------------------------------------------------------------------------

let shownId = null;

const openMapping = (id) => { location.hash = `#mapping/${encodeURIComponent(id)}`; };

function idIn(hash) {
    const [, id] = /^#mapping\/(.+)$/.exec(hash) ?? [];
    try {
        return id === undefined ? null : decodeURIComponent(id);
    } catch {
        return null; // no address that this page has made
    }
}

function onHash() {
    const before = shownId;
    shownId = idIn(location.hash);
    $("#list").hidden = shownId !== null;
    $("#detail").hidden = shownId === null;
    if (shownId === null) {
        arrange();
        if (before !== null) focusRow(list.shown.findIndex((mapping) => mapping.data.id === before));
        return;
    }
    list.active = shownId;
    server.gone = "";
    $("#connections").hidden = true;
    $("#settings .fields").replaceChildren();
    setText($("#detail-title"), all.get(shownId)?.name ?? shownId);
    if (all.has(shownId)) beginDetail();
    scrollTo(0, 0);
    $("#detail-title").focus();
    poll();
}

// The settings are what they were when they were shown, until they are saved.
function beginDetail() {
    fillDetail();
    makeSettings(all.get(shownId));
}

async function lookAtDetail() {
    const id = shownId;
    let connections;
    try {
        note(await call("GET", pathOf(id)));
        connections = await call("GET", pathOf(id, "/connections"));
    } catch (error) {
        if (error.status !== 404) throw error;
        all.delete(id);
        if (id !== shownId) return;
        server.gone = `There is no mapping ${id} any more.`;
        location.hash = "";
        return;
    }
    if (id !== shownId) return;
    if ($("#settings .fields").hasChildNodes()) fillDetail();
    else beginDetail();
    fillConnections(connections);
    $("#connections").hidden = false;
}

function factsOf({ data, isPublic, agents, limits }) {
    const facts = [["Id", data.id], ["Type", data.type]];
    if (isPublic) facts.push(["Name", data.name || "none"], ["URL", data.url || "none"]);
    if (data.ports) {
        facts.push(["Port of agents", isPublic ? data.port1 : `${data.port1} and ${data.port2}`]);
        if (isPublic) facts.push(["Port of visitors", data.port2]);
    } else facts.push(["Port of all", `${data.port1}, the front's`]);
    facts.push(["Agents waiting", agents.join(" + ")]);
    facts.push(["Most agents", isPublic ? data.maxconnections : `${data.maxconnectionsport1} + ${data.maxconnectionsport2}`]);
    facts.push(["Relays", number.format(data.relays)]);
    if (isPublic) facts.push(["Visitors waiting", number.format(data.visitorswaiting)]);
    facts.push(["Bytes from port1", bytes(data.bytesfromport1)], ["Bytes from port2", bytes(data.bytesfromport2)]);
    facts.push(["Opened", exactly(data.created)], ["Last agent", exactly(data.lastagent)]);
    if (isPublic) {
        const refused = Object.entries(data.visitorsrefused).filter(([, count]) => count > 0);
        facts.push(["Last visitor", exactly(data.lastvisitor)]);
        facts.push(["Visitors refused", refused.map(([why, count]) => `${why} ${number.format(count)}`).join(", ") || "0"]);
    }
    facts.push(["Limits", limits.join(", ") || "none"]);
    return facts;
}

function fillDetail() {
    const mapping = all.get(shownId);
    if (!mapping) return;
    setText($("#detail-title"), mapping.name);
    setText($("#detail-state"), STATES[mapping.state]);
    setAttribute($("#detail-state"), "data-state", mapping.state);
    $("#detail-reason").hidden = !mapping.reasons.length;
    setText($("#detail-reason"), mapping.reasons.join("; "));
    drawCurve($("#detail-curve"), mapping.samples, POLL * SAMPLES);
    setText($("#detail-rate"), `${rate(mapping.rates[0])} from port1, ${rate(mapping.rates[1])} from port2; the last 5 minutes`);
    $("#visitors-part").hidden = !mapping.isPublic;
    const facts = factsOf(mapping);
    const dl = $("#facts");
    if (dl.children.length !== facts.length)
        dl.replaceChildren(...facts.map(() => element("div", {}, element("dt"), element("dd"))));
    facts.forEach(([name, value], i) => {
        setText(dl.children[i].firstChild, name);
        if (name === "URL" && /^https?:\/\//.test(value)) fillLink(dl.children[i].lastChild, value);
        else setText(dl.children[i].lastChild, value);
    });
}

function fillLink(into, url) {
    if (into.textContent === url) return;
    into.replaceChildren(element("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, url));
}

function cellsOf(kind, connection) {
    const { address, port, protocol, state, streams, since, bytesin, bytesout, agent } = connection;
    const times = [duration(serverNow() - since), bytes(bytesin), bytes(bytesout)];
    if (kind === "visitors") return [address, agent ?? "–", state, ...times];
    return [address, port, protocol, streams === undefined ? state : `${streams} streams`, ...times];
}

function fillConnections(connections) {
    for (const kind of ["agents", "visitors"]) {
        const body = $(`[data-kind=${kind}] tbody`);
        const rows = new Map([...body.children].map((row) => [row.dataset.n, row]));
        for (const connection of connections[kind] ?? []) {
            const cells = cellsOf(kind, connection);
            const row = rows.get(String(connection.n)) ?? body.appendChild(newConnectionRow(connection, cells.length));
            rows.delete(String(connection.n));
            cells.forEach((text, i) => setText(row.children[i], text));
        }
        for (const row of rows.values()) row.remove();
        body.closest(".wide").hidden = !body.hasChildNodes();
        $(`[data-none=${kind}]`).hidden = body.hasChildNodes();
    }
    $("#truncated").hidden = !connections.truncated;
}

function newConnectionRow(connection, count) {
    const id = shownId;
    const button = element("button", { type: "button", "aria-label": `End the connection of ${connection.address}` }, "End");
    button.addEventListener("click", () => askWhether("End a connection", `The connection of ${connection.address} is closed.`, "End it", async () => {
        await call("DELETE", pathOf(id, `/connections/${connection.n}`));
        poll();
    }));
    return element("tr", { "data-n": connection.n }, ...Array.from({ length: count }, () => element("td")), element("td", {}, button));
}

// --- forms -------------------------------------------------------------------------------------------------------

const EMPTY_IS_DEFAULT = "empty: as the server's configuration says";
const NETWORKS = { kind: "networks", placeholder: "192.0.2.0/24, 2001:db8::/32" };
const PORT = { kind: "number", min: 1, max: 65535 };
const COUNT = { kind: "number", min: 0, max: 1000000 };

// name: the API's. of: the type of mapping that has it, or both.
const LABEL = { name: "label", label: "Label", kind: "text", maxlength: 64, hint: "a name for people" };
const NAME = { name: "name", label: "Name", of: "public", kind: "text", maxlength: 63, placeholder: "till-3" };
const HAS_PORTS = { name: "ports", label: "Reached by", kind: "choice", choices: [["true", "ports of its own"], ["false", "the front alone"]] };
const PORTS = [
    { name: "port1", label: "Port of agents (port1)", ...PORT },
    { name: "port2", label: "Port of visitors (port2)", of: "public", ...PORT },
    { name: "port2", label: "Port of agents (port2)", of: "private", ...PORT },
];
const VISITORS = [
    { name: "alpn", label: "ALPN of visitors' TLS", of: "public", kind: "words", placeholder: "h2, http/1.1", hint: "empty: none is selected" },
    { name: "visitortls", label: "Visitors speak", of: "public", kind: "choice", choices: [["true", "TLS, unless the server is in dev mode"], ["false", "plain TCP"]] },
];
const LIMITS = [
    { name: "visitorsperaddress", label: "Visitors per address at once", of: "public", hint: `0: any number; ${EMPTY_IS_DEFAULT}`, ...COUNT },
    { name: "visitorrate", label: "New visitors per address, a second", of: "public", hint: `0: any number; ${EMPTY_IS_DEFAULT}`, ...COUNT },
    { name: "allow", label: "Visitors may come from", of: "public", none: "anywhere", hint: `networks, or anywhere; ${EMPTY_IS_DEFAULT}`, ...NETWORKS },
    { name: "deny", label: "Visitors may not come from", of: "public", none: "nowhere", hint: `networks, or nowhere; ${EMPTY_IS_DEFAULT}`, ...NETWORKS },
    { name: "relayidle", label: "A relay may be idle, seconds", kind: "number", scale: 1000, min: 0, max: 2147483, hint: `0: for ever; ${EMPTY_IS_DEFAULT}` },
    { name: "bandwidth", label: "Bandwidth, bytes/s each way", kind: "number", min: 0, max: 2 ** 40, hint: `0: any; ${EMPTY_IS_DEFAULT}` },
];
const AGENTS = ["", "port1", "port2"].flatMap((port) => [
    { name: `maxconnections${port}`, label: `Most agents ${port && `at ${port}`}`, of: port ? "private" : "public", kind: "number", min: 1, max: 10000, value: port ? 1 : 60, required: true },
    { name: `heartbeatabsencethreshold${port}`, label: `An agent ${port && `at ${port} `}may be silent, seconds`, of: port ? "private" : "public", kind: "number", scale: 1000, min: 0, max: 2147483, value: 200, required: true, hint: "0: for ever" },
]);
const splitWords = (text) => text.split(/[\s,]+/).filter(Boolean);

// How each kind of field is shown, and what of it is sent.
const KINDS = {
    text: { show: (value) => value ?? "", send: (text) => text.trim() || null },
    number: {
        show: (value, { scale = 1 }) => (value == null ? "" : String(value / scale)),
        send: (text, { scale = 1 }) => (text === "" ? null : Math.round(Number(text) * scale)),
    },
    words: { show: (value) => (value ?? []).join(", "), send: splitWords },
    networks: {
        show: (value, { none }) => (value == null ? "" : value.join(", ") || none),
        send: (text, { none }) => (text.trim() === "" ? null : text.trim() === none ? [] : splitWords(text)),
    },
    choice: { show: (value) => String(value ?? true), send: (text) => text === "true" },
};

function newField(field, value) {
    const attributes = { name: field.name, required: field.required };
    let input;
    if (field.kind === "choice") {
        input = element("select", attributes, ...field.choices.map(([key, text]) => element("option", { value: key }, text)));
    } else {
        const { min, max, maxlength, placeholder } = field;
        const type = field.kind === "number" ? "number" : "text";
        input = element("input", { ...attributes, type, min, max, maxlength, placeholder, step: field.scale ? "any" : null, autocomplete: "off", spellcheck: "false" });
    }
    input.value = KINDS[field.kind].show(value, field);
    input.initial = input.value;
    const label = element("label", { "data-of": field.of }, field.label, input);
    if (field.hint) label.append(element("span", { class: "hint" }, field.hint));
    input.field = field;
    return label;
}

// What has been changed, of the fields that are there.
function changesIn(form, isWanted = (input) => input.value !== input.initial) {
    const changes = {};
    for (const input of form.elements) {
        if (!input.field || input.disabled || !isWanted(input)) continue;
        changes[input.field.name] = KINDS[input.field.kind].send(input.value, input.field);
    }
    return changes;
}

// Without a domain there are no names.
function naming() {
    const domain = server.status?.front?.domain;
    return domain ? [{ ...NAME, hint: `for visitors: https://NAME.${domain}` }] : [];
}

function makeSettings(mapping) {
    const ports = mapping.data.ports ? PORTS.map((field) => ({ ...field, required: true })) : [];
    const fields = [LABEL, ...naming(), ...ports, ...VISITORS, ...LIMITS].filter((field) => !field.of || field.of === mapping.data.type);
    $("#settings .fields").replaceChildren(...fields.map((field) => newField(field, mapping.data[field.name])));
    setText($("#settings .error"), "");
}

async function saveSettings() {
    const [id, form] = [shownId, $("#settings")];
    const changes = changesIn(form);
    const said = $("#settings [role=status]");
    setText(said, "");
    if (!Object.keys(changes).length) return setText(said, "Nothing has been changed.");
    note(await call("PATCH", pathOf(id), changes));
    if (id === shownId) beginDetail();
    setText(said, "Saved.");
}

// Runs what a form is for: once at a time, and what goes wrong is said in it. What the action returns, or true, when it
// has succeeded.
async function submit(form, action) {
    const button = $("[type=submit]", form);
    if (button.disabled) return false;
    const error = $(".error", form);
    button.disabled = true;
    try {
        if (error) setText(error, "");
        return (await action(form)) ?? true;
    } catch (thrown) {
        if (!(thrown instanceof ApiError) || !error) throw thrown;
        setText(error, thrown.message);
        return false;
    } finally {
        button.disabled = false;
    }
}

// Closes when the action has succeeded, and then does what that has returned, if it is a function.
function openDialog(selector, action) {
    const dialog = $(selector);
    const form = $("form", dialog);
    form.onsubmit = async (event) => {
        event.preventDefault();
        const then = await submit(form, action);
        if (!then) return;
        dialog.close();
        if (then !== true) then();
    };
    for (const button of $$("[data-close]", dialog)) button.onclick = () => dialog.close();
    const error = $(".error", form);
    if (error) setText(error, "");
    form.reset();
    dialog.showModal();
    return form;
}

function askWhether(title, text, verb, action) {
    const dialog = $("#confirm-dialog");
    setText($("h2", dialog), title);
    setText($(".text", dialog), text);
    setText($("[type=submit]", dialog), verb);
    openDialog("#confirm-dialog", action);
}

function openAdd() {
    const ports = PORTS.map((field) => ({ ...field, hint: "empty: it is chosen" }));
    const hasPorts = server.status?.front ? [HAS_PORTS] : [];
    const fields = [LABEL, ...naming(), ...AGENTS, ...hasPorts, ...ports, ...VISITORS, ...LIMITS];
    const form = openDialog("#add-dialog", addMapping);
    $(".fields", form).replaceChildren(...fields.map((field) => newField(field, field.value && field.value * (field.scale ?? 1))));
    const onType = () => {
        const type = form.elements.type.value;
        for (const label of $$(".fields label", form)) {
            label.hidden = Boolean(label.dataset.of) && label.dataset.of !== type;
            $("input, select", label).disabled = label.hidden;
        }
    };
    for (const radio of form.elements.type) radio.onchange = onType;
    onType();
    form.elements.label.focus();
}

async function addMapping(form) {
    const wanted = changesIn(form, (input) => input.required || input.value !== input.initial);
    const added = await call("POST", "mapping/add", { type: form.elements.type.value, ...wanted });
    const shown = await call("GET", pathOf(added.id));
    note(shown);
    arrange();
    const secrets = [["Id", added.id], ["URL", shown.url ?? ""], ["Port 1", added.port1], ["Passcode of port 1", added.passcode1],
        ["Port 2", added.port2], ["Passcode of port 2", added.passcode2]];
    return () => showSecrets("The mapping is open", secrets, () => openMapping(added.id));
}

function openPasscode() {
    const mapping = all.get(shownId);
    if (!mapping) return;
    const form = openDialog("#passcode-dialog", async () => {
        const side = mapping.isPublic ? "port1" : form.elements.side.value;
        const overlap = Math.round(form.elements.overlap.value * 1000);
        const changed = await call("POST", pathOf(mapping.data.id, "/passcode"), { side, overlap });
        const secrets = [[`Passcode of ${side}`, changed.passcode1 ?? changed.passcode2]];
        return () => showSecrets("The new passcode", secrets);
    });
    $("#side").hidden = mapping.isPublic;
}

function showSecrets(title, secrets, then) {
    const form = openDialog("#secret-dialog", async () => {
        $("#secret-dialog .fields").replaceChildren();
        return then;
    });
    setText($("h2", form), title);
    setText($("[role=status]", form), "");
    $(".fields", form).replaceChildren(...secrets.filter(([, value]) => value !== "").map(([name, value]) => {
        const input = element("input", { readonly: true, value, spellcheck: "false" });
        const button = element("button", { type: "button", "aria-label": `Copy: ${name}` }, "Copy");
        button.addEventListener("click", () => copy(input, name));
        return element("div", {}, element("label", {}, name, input), button);
    }));
}

// Without TLS a browser gives its clipboard only to what is marked.
async function copy(input, name) {
    input.select();
    let copied = true;
    try {
        await navigator.clipboard.writeText(input.value);
    } catch {
        copied = document.execCommand("copy");
    }
    setText($("#secret-dialog [role=status]"), copied ? `${name} is copied.` : "It is marked: copy it with Ctrl-C.");
}

function removeShown() {
    const mapping = all.get(shownId);
    if (!mapping) return;
    const { id } = mapping.data;
    askWhether("Remove this mapping?", `${mapping.name} is closed with all its connections, for good. Its ports may become another mapping's.`,
        "Remove it", async () => {
            await call("POST", "mapping/remove", { mappingid: id });
            all.delete(id);
            location.hash = "";
        });
}

// --- looking again and again -------------------------------------------------------------------------------------

let timer;
let isPolling = false;
let failures = 0;

function say(problem) {
    server.problem = problem;
    showProblems();
}

function onFailure(error) {
    if (!(error instanceof ApiError)) throw error;
    if (asking) return;
    failures += 1;
    server.unreachableSince ??= new Date();
    say(error.status === 0
        ? `The server has not answered since ${server.unreachableSince.toLocaleTimeString()}; what is shown is older.`
        : error.message);
}

// What a person can see, and nothing while the tab can't be seen.
async function poll() {
    clearTimeout(timer);
    if (document.hidden || asking || isPolling) return;
    isPolling = true;
    try {
        await lookAtServer();
        if (listIsOld()) await lookAtList();
        else if (shownId === null && all.size <= FEW) await lookAtList();
        else if (shownId === null) await lookAtVisible();
        if (shownId !== null) await lookAtDetail();
        if (failures) say("");
        failures = 0;
        server.unreachableSince = null;
    } catch (error) {
        onFailure(error);
    } finally {
        isPolling = false;
        if (!asking) timer = setTimeout(poll, Math.min(POLL * 2 ** Math.min(failures, 5), MAX_PAUSE));
    }
}

function lookAtAll() {
    list.loadedAt = -Infinity;
    poll();
}

function begin() {
    makeCurve($("#total-curve"));
    makeCurve($("#detail-curve"));
    $("#forget").hidden = !token;
    $("#forget").addEventListener("click", () => askForToken(null));
    $("#token-dialog").addEventListener("cancel", (event) => event.preventDefault());
    $("#secret-dialog").addEventListener("cancel", (event) => event.preventDefault());
    $("#add").addEventListener("click", openAdd);
    $("#finder").addEventListener("submit", (event) => event.preventDefault());
    for (const control of $$("#finder input, #finder select:not(#sort)")) control.addEventListener("input", arrange);
    $("#sort").addEventListener("input", () => {
        list.descending = !["name", "state"].includes($("#sort").value);
        arrange();
    });
    for (const header of $$("[data-sort]")) $("button", header).addEventListener("click", () => sortBy(header.dataset.sort));
    $("#grid").addEventListener("keydown", onGridKey);
    $("#rows").addEventListener("click", (event) => {
        const row = event.target.closest(".row");
        if (row) openMapping(row.dataset.id);
    });
    $("#rows").addEventListener("focusin", (event) => {
        list.active = event.target.closest(".row")?.dataset.id ?? list.active;
        chooseTabStop();
    });
    $("#settings").addEventListener("submit", (event) => {
        event.preventDefault();
        submit($("#settings"), saveSettings);
    });
    $("#new-passcode").addEventListener("click", openPasscode);
    $("#remove").addEventListener("click", removeShown);
    let frame = 0;
    const onMoved = () => {
        cancelAnimationFrame(frame);
        frame = requestAnimationFrame(showRows);
    };
    addEventListener("scroll", onMoved, { passive: true });
    addEventListener("resize", onMoved);
    addEventListener("hashchange", onHash);
    addEventListener("visibilitychange", poll);
    addEventListener("keydown", (event) => {
        if (event.key === "Escape" && shownId !== null && !$("dialog[open]")) location.hash = "";
    });
    onHash();
    poll();
}

begin();
