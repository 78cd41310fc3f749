// Cutting clips out of a recording: a player, a timeline, and the segments with class and action units.

import { addressOf, setAddress } from "../shared/address.js";
import { post } from "../shared/api.js";
import { badge, field, menu, note, progressBar } from "../shared/components.js";
import { saveFile } from "../shared/download.js";
import { action, el, plural, table } from "../shared/elements.js";
import { guarded } from "../shared/errors.js";
import { toast } from "../shared/page.js";
import { recordingPlayer } from "./recording_player.js";
import { nameFor, plain, putSegments, segmentsOf, subjectOf } from "./segment_list.js";
import { timeline } from "./timeline.js";

const MARKS = [["onset", "Onset", "o", "1"], ["apex", "Apex", "a", "2"], ["offset", "Offset", "f", "3"]];
const TYPES = { eaf: "application/xml", csv: "text/csv" };

// state: the table that is edited (own_clips_view.js); path: of the recording, from its folder.
export async function cutView(view, state, path) {
  const { rows, folder } = state;
  let segments = segmentsOf(rows, path), chosen = segments.length ? 0 : -1, past = [], fields = null;
  const line = timeline({ go: (frame) => player.go(frame), pick: (i) => { chosen = i; draw(); } });
  const decoding = el("div", { class: "row", id: "decoding", role: "status" });
  const list = el("div", { class: "scroll tall", tabindex: 0 }), form = el("div", { class: "stack", id: "segment" });
  const undo = action("Undo", "z", undoOne, { icon: "undo", iconOnly: true, id: "undo-segment" });
  const file = el("input", { type: "file", accept: ".eaf,.csv", hidden: true, id: "import-file", "aria-hidden": "true", tabindex: -1, onchange: guarded(importFile) });
  const player = await recordingPlayer(`${folder}/${path}`, { shown: () => drawLine(), state: decoded });
  if (!view.isConnected) { player.leave(); return undefined; }

  const tools = el("div", { class: "row" }, action("New segment", "n", add, { icon: "plus", kind: "primary", id: "new-segment" }), undo,
    action("Import", "", () => file.click(), { icon: "upload", id: "import-segments" }), file,
    menu("Export", [["ELAN (.eaf)", () => exportAs("eaf")], ["Table (.csv)", () => exportAs("csv")]], { id: "export-segments" }));
  view.append(el("div", { class: "cut" },
    el("section", { class: "card stack", "aria-label": "Recording" }, player.root, line.root, decoding),
    el("section", { class: "card stack", "aria-label": "Segments" }, el("div", { class: "row apart" }, tools, action("Done", "d", done, { kind: "", id: "done-cutting" })), form, list)));
  setAddress("own", folder, path);
  draw();

  function decoded(facts) {
    decoding.replaceChildren(...(facts.state === "reading" ? [el("span", { class: "soft small" }, `Decoding: ${facts.ready} of ${facts.count} frames`), progressBar("Decoding", facts.ready, facts.count)]
      : facts.state === "failed" ? [note("bad", facts.error)] : []));
    drawLine();
  }

  function drawLine() {
    const facts = player?.facts();
    if (facts) line.draw({ frames: facts.count, ready: facts.ready, at: player.at(), segments, chosen });
  }

  function draw() {
    undo.disabled = !past.length;
    drawLine();
    drawForm();
    list.replaceChildren(segments.length ? table(["clip", "frames", "class", "action units", ""], segments.map(listRow), { class: "wide", "aria-label": "Segments" })
      : el("p", { class: "soft" }, "No segments yet. Go to the first frame of an expression and press n."));
  }

  function listRow(one, i) {
    const faulty = faultOf(one);
    return el("tr", { class: i === chosen ? "open" : null }, el("td", {}, el("button", { type: "button", class: "link", "aria-pressed": String(i === chosen), onclick: () => { chosen = i; player.go(one.onset); draw(); } }, one.clip || "unnamed")),
      el("td", { class: "num" }, `${one.onset}–${one.offset ?? "?"}`, faulty ? badge(faulty, "bad") : null), el("td", {}, one.emotion || "–"), el("td", {}, one.action_units || "–"),
      el("td", {}, action("Delete", "", () => remove(i), { icon: "trash", iconOnly: true, kind: "ghost", "aria-label": `Delete ${one.clip}` })));
  }

  const faultOf = (one) => (one.offset === null ? "no offset" : one.offset <= one.onset ? "offset before onset"
    : one.apex !== null && (one.apex < one.onset || one.apex > one.offset) ? "apex outside" : "");

  // The form of the chosen segment. It is built once for a segment and then brought up to date: a field
  // that the user clicks must not be replaced by the change of the one before.
  function drawForm() {
    const one = segments[chosen];
    if (!one) {
      fields = null;
      return form.replaceChildren();
    }
    if (fields?.of !== chosen) buildForm();
    for (const [name, input] of Object.entries(fields.inputs)) {
      const text = String(one[name] ?? "");
      if (input !== document.activeElement || input.value === input.dataset.was) input.value = text;
      input.dataset.was = text;
    }
    return undefined;
  }

  function buildForm() {
    const inputs = {}, last = player.facts().count - 1;
    const number = ([name, label, key, jump]) => {
      const input = el("input", { type: "number", min: 0, max: last, id: `segment-${name}`,
        onchange: () => change({ [name]: input.value === "" ? null : Math.max(0, Math.min(last, Math.round(+input.value))) }) });
      inputs[name] = input;
      const root = field(label, input);
      root.querySelector(".control").append(action("Set here", key, () => change({ [name]: player.at() }), { class: "small", "aria-label": `Set ${name} to this frame` }),
        action("Go", jump, () => { if (segments[chosen][name] !== null) player.go(segments[chosen][name]); }, { class: "small", kind: "ghost", "aria-label": `Go to ${name}` }));
      return root;
    };
    const text = (name, label, more = {}) => {
      inputs[name] = el("input", { type: "text", id: `segment-${name}`, autocomplete: "off", onchange: () => change({ [name]: inputs[name].value.trim() }), ...more });
      return field(label, inputs[name], { wide: true });
    };
    const words = el("datalist", { id: "segment-classes" }, rows.values("emotion").map(([value]) => el("option", { value })));
    fields = { of: chosen, inputs };
    form.replaceChildren(el("div", { class: "marks-of-segment" }, MARKS.map(number)), el("div", { class: "texts-of-segment" }, text("emotion", "Class (emotion)", { list: "segment-classes" }),
      text("action_units", "Action units", { placeholder: "AU4+AU7" }), text("subject", "Subject"), text("clip", "Name of the clip")), words);
  }

  // Every change of the segments, with one step of undo.
  function put(next, at = chosen) {
    past.push([segments, chosen]);
    segments = next;
    chosen = at;
    draw();
  }

  const change = (values) => put(segments.map((one, i) => (i === chosen ? { ...one, ...values } : one)));

  function add() {
    const onset = player.at(), subject = segments.at(-1)?.subject || subjectOf(rows, path);
    put([...segments, { onset, apex: null, offset: null, emotion: "", action_units: "", clip: nameFor(path, onset, segments), subject }], segments.length);
  }

  function remove(i) { put(segments.filter((_, at) => at !== i), Math.min(chosen, segments.length - 2)); }

  function undoOne() {
    if (!past.length) return;
    [segments, chosen] = past.pop();
    draw();
  }

  async function importFile() {
    const [picked] = file.files;
    if (!picked) return;
    const found = await post("/api/own-clips/recording/import", { id: player.id, name: picked.name, text: await picked.text() });
    file.value = "";
    const subject = subjectOf(rows, path), all = [...segments];
    for (const one of found.segments) all.push({ ...one, subject: one.subject || subject, clip: one.clip || nameFor(path, one.onset, all) });
    put(all, all.length ? segments.length : -1);
    toast(`${plural(found.segments.length, "segment")} from ${picked.name}. ${found.notes.join("; ")}`);
  }

  async function exportAs(kind) {
    refuseFaults("export again");
    const made = await post("/api/own-clips/recording/export", { id: player.id, kind, segments: segments.map(plain) });
    saveFile(made.name, made.text, TYPES[kind]);
  }

  function done() {
    refuseFaults("press Done again");
    location.hash = addressOf("own", folder);
  }

  function refuseFaults(next) {
    const open = segments.find((one) => faultOf(one));
    if (open) throw new Error(`${open.clip}: ${faultOf(open)}\n  to do: correct it, then ${next}`);
  }

  // Segments come into the table when the view is left: until then closing the tab would lose them.
  state.cutting = () => past.length > 0;
  return () => {
    delete state.cutting;
    putSegments(rows, path, segments);
    player.leave();
  };
}
