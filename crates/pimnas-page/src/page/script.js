"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const { axes, trials } = data;
  const [ID, FRONT, SECTION, VALUES] = [0, 1, 2, 3];
  const tip = document.getElementById("tip");
  const parallel = document.getElementById("lines");
  const panels = [...document.querySelectorAll("svg.scatter")].map((svg) => {
    const [left, top, width, height] = svg.dataset.plot.split(" ").map(Number);
    return { svg, x: +svg.dataset.x, y: +svg.dataset.y, left, top, width, height };
  });
  document.documentElement.classList.add("scripted");

  // Values: where they lie on an axis (0 to 1), and how they read.
  const place = (axis, value) => {
    if (value === null) return null;
    const { low, high, log } = axes[axis];
    return ((log ? Math.log10(value) : value) - low) / (high - low);
  };
  const unplace = (axis, share) => {
    const { low, high, log } = axes[axis];
    const value = low + share * (high - low);
    return log ? 10 ** value : value;
  };
  const words = (axis, value) => {
    const { unit, choices } = axes[axis];
    if (value === null) return "–";
    if (choices) return choices[Math.round(value)] ?? "–";
    return Number(value.toPrecision(4)) + (unit ? " " + unit : "");
  };
  const places = trials.map((trial) => trial[VALUES].map((value, axis) => place(axis, value)));
  const byId = new Map(trials.map((trial, index) => [String(trial[ID]), index]));

  // The selection: an interval on some axes; a trial is in it if it lies in all of them.
  const brushes = new Map();
  let picked = trials.map(() => true);
  const inside = (index) =>
    [...brushes].every(([axis, [low, high]]) => {
      const at = places[index][axis];
      return at !== null && at >= low && at <= high;
    });
  const point = (panel, index) => {
    const x = places[index][panel.x], y = places[index][panel.y];
    return x === null || y === null ? null
      : [panel.left + x * panel.width, panel.top + (1 - y) * panel.height];
  };
  const gripOf = (axis) => parallel?.querySelector(`[data-axis="${axis}"] .grip`);
  const [plotTop, plotHeight] = (gripOf(0)?.dataset.plot ?? "0 1").split(" ").map(Number);
  const axisX = axes.map((_, axis) => {
    const grip = gripOf(axis);
    return grip ? +grip.getAttribute("x") + +grip.getAttribute("width") / 2 : 0;
  });
  const trace = (index) => {
    let joined = false;
    return places[index].map((at, axis) => {
      if (at === null) { joined = false; return ""; }
      const sign = joined ? "L" : "M";
      joined = true;
      return sign + axisX[axis].toFixed(1) + " " + (plotTop + (1 - at) * plotHeight).toFixed(1);
    }).join("");
  };

  let queued = false;
  const changed = () => {
    if (queued) return;
    queued = true;
    requestAnimationFrame(() => { queued = false; show(); });
  };
  const show = () => {
    const filtered = brushes.size > 0;
    picked = trials.map((_, index) => inside(index));
    const off = filtered ? trials.map((_, i) => i).filter((i) => picked[i] && !trials[i][FRONT]) : [];
    document.body.classList.toggle("filtered", filtered);
    for (const panel of panels) {
      const dots = off.map((index) => point(panel, index)).filter(Boolean);
      const path = dots.map(([x, y]) => `M${x.toFixed(1)} ${y.toFixed(1)}h0`).join("");
      panel.svg.querySelector(".picked").setAttribute("d", path);
    }
    parallel?.querySelector(".picked").setAttribute("d", off.map(trace).join(""));
    for (const mark of document.querySelectorAll(".members [data-trial], table.front tr[data-trial]")) {
      const index = byId.get(mark.dataset.trial);
      mark.classList.toggle("out", index !== undefined && !picked[index]);
    }
    for (const group of parallel?.querySelectorAll(".axis") ?? []) showBrush(group);
    tell(filtered);
  };
  const showBrush = (group) => {
    const axis = +group.dataset.axis, brush = brushes.get(axis);
    const [low, high] = brush ?? [0, 1];
    const rect = group.querySelector(".brush");
    rect.setAttribute("y", plotTop + (1 - Math.min(high, 1)) * plotHeight);
    rect.setAttribute("height", brush ? (Math.min(high, 1) - Math.max(low, 0)) * plotHeight : 0);
    const range = axes[axis].choices ? choicesIn(axis, low, high)
      : words(axis, unplace(axis, low)) + " to " + words(axis, unplace(axis, high));
    group.setAttribute("aria-valuetext", brush ? range : "all");
    group.setAttribute("aria-valuenow", Math.round(high * 100));
  };
  const choicesIn = (axis, low, high) =>
    axes[axis].choices.filter((_, i) => place(axis, i) >= low && place(axis, i) <= high).join(", ") || "none";
  const tell = (filtered) => {
    const status = document.getElementById("selection");
    if (!status) return;
    status.replaceChildren();
    status.dataset.count = picked.filter(Boolean).length;
    if (!filtered) return;
    const front = trials.filter((trial, i) => picked[i] && trial[FRONT]).length;
    const which = [...brushes].map(([axis, [low, high]]) => axes[axis].title + " " + (axes[axis].choices
      ? choicesIn(axis, low, high)
      : words(axis, unplace(axis, low)) + " to " + words(axis, unplace(axis, high))));
    status.append(`${status.dataset.count} of ${trials.length} trials selected, ${front} of them on the front: `
      + which.join("; ") + ". ");
    const clear = document.createElement("button");
    clear.type = "button";
    clear.textContent = "Select all";
    clear.addEventListener("click", () => { brushes.clear(); changed(); });
    status.append(clear);
  };
  const brush = (axis, from, to) => {
    const clamp = (share) => Math.min(1, Math.max(0, share));
    brushes.set(axis, [clamp(Math.min(from, to)), clamp(Math.max(from, to))]);
    changed();
  };

  // One trial, marked in every picture.
  const mark = (index, event) => {
    for (const panel of panels) {
      const circle = panel.svg.querySelector(".near");
      const at = index === null ? null : point(panel, index);
      circle.setAttribute("visibility", at ? "visible" : "hidden");
      if (at) { circle.setAttribute("cx", at[0]); circle.setAttribute("cy", at[1]); }
    }
    const line = parallel?.querySelector(".near");
    line?.setAttribute("visibility", index === null ? "hidden" : "visible");
    if (index !== null) line?.setAttribute("d", trace(index));
    for (const row of document.querySelectorAll("table.front tr.near")) row.classList.remove("near");
    if (index !== null) {
      document.querySelector(`table.front tr[data-trial="${trials[index][ID]}"]`)?.classList.add("near");
    }
    tip.hidden = index === null || !event;
    if (!tip.hidden) fill(index, event);
  };
  const fill = (index, event) => {
    const list = document.createElement("dl");
    axes.forEach((axis, at) => {
      const term = document.createElement("dt"), value = document.createElement("dd");
      term.textContent = axis.title;
      value.textContent = words(at, trials[index][VALUES][at]);
      list.append(term, value);
    });
    const name = document.createElement("b");
    name.textContent = `trial ${trials[index][ID]}` + (trials[index][FRONT] ? ", on the front" : "");
    tip.replaceChildren(name, list);
    const room = document.documentElement.clientWidth, box = tip.getBoundingClientRect();
    const left = event.clientX + 16 + box.width > room ? event.clientX - 16 - box.width : event.clientX + 16;
    const below = event.clientY + 16 + box.height <= window.innerHeight;
    const top = below ? event.clientY + 16 : event.clientY - 16 - box.height;
    tip.style.left = Math.max(4, Math.min(left, room - box.width - 4)) + window.scrollX + "px";
    tip.style.top = Math.max(4, top) + window.scrollY + "px";
  };
  const local = (svg, event) => {
    const matrix = svg.getScreenCTM().inverse();
    const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(matrix);
    return [at.x, at.y];
  };
  const nearest = (panel, [x, y]) => {
    let best = null, least = 14 ** 2;
    for (let index = trials.length - 1; index >= 0; index--) {
      if (brushes.size && !picked[index]) continue;
      const at = point(panel, index);
      const distance = at ? (at[0] - x) ** 2 + (at[1] - y) ** 2 : Infinity;
      if (distance < least) { least = distance; best = index; }
    }
    return best;
  };
  for (const panel of panels) {
    const box = panel.svg.querySelector(".box");
    let start = null;
    const share = ([x, y]) => [(x - panel.left) / panel.width, 1 - (y - panel.top) / panel.height];
    panel.svg.addEventListener("dragstart", (event) => event.preventDefault());
    panel.svg.addEventListener("pointerdown", (event) => {
      // Fingers scroll the page; they tap to see a trial, and select on the axes below.
      if (event.pointerType !== "touch" && event.button === 0) start = local(panel.svg, event);
    });
    panel.svg.addEventListener("pointermove", (event) => {
      const at = local(panel.svg, event);
      const far = start && Math.hypot(at[0] - start[0], at[1] - start[1]) > 5;
      if (!far) { mark(nearest(panel, at), event); return; }
      panel.svg.setPointerCapture(event.pointerId);
      mark(null);
      box.setAttribute("visibility", "visible");
      box.setAttribute("x", Math.min(at[0], start[0]));
      box.setAttribute("y", Math.min(at[1], start[1]));
      box.setAttribute("width", Math.abs(at[0] - start[0]));
      box.setAttribute("height", Math.abs(at[1] - start[1]));
      const [from, to] = [share(start), share(at)];
      brush(panel.x, from[0], to[0]);
      brush(panel.y, from[1], to[1]);
    });
    const end = (event) => {
      const dragged = box.getAttribute("visibility") === "visible";
      if (start && !dragged && nearest(panel, local(panel.svg, event)) === null) { brushes.clear(); changed(); }
      box.setAttribute("visibility", "hidden");
      start = null;
      if (dragged) panel.svg.addEventListener("click", (e) => e.preventDefault(), { once: true, capture: true });
    };
    panel.svg.addEventListener("pointerup", end);
    panel.svg.addEventListener("pointercancel", end);
    panel.svg.addEventListener("pointerleave", () => { if (!start) mark(null); });
  }
  for (const group of parallel?.querySelectorAll(".axis") ?? []) {
    const axis = +group.dataset.axis, grip = group.querySelector(".grip");
    let start = null;
    const share = (event) => 1 - (local(parallel, event)[1] - plotTop) / plotHeight;
    grip.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      start = share(event);
      try { grip.setPointerCapture(event.pointerId); } catch { /* the pointer is gone already */ }
    });
    grip.addEventListener("pointermove", (event) => {
      if (start !== null && Math.abs(share(event) - start) * plotHeight > 3) brush(axis, start, share(event));
    });
    const end = (event) => {
      if (start !== null && Math.abs(share(event) - start) * plotHeight <= 3) { brushes.delete(axis); changed(); }
      start = null;
    };
    grip.addEventListener("pointerup", end);
    grip.addEventListener("pointercancel", () => { start = null; });
    group.addEventListener("keydown", (event) => {
      const step = { ArrowUp: 0.05, ArrowDown: -0.05 }[event.key];
      if (event.key === "Escape") brushes.delete(axis);
      else if (step) {
        const [low, high] = brushes.get(axis) ?? [0, 1];
        if (event.shiftKey) brush(axis, Math.min(low + step, high), high);
        else brush(axis, low, Math.max(high + step, low));
      } else return;
      event.preventDefault();
      changed();
    });
  }

  // The table of the front: rows mark their trial, titles sort.
  for (const row of document.querySelectorAll("table.front tr[data-trial]")) {
    const index = byId.get(row.dataset.trial) ?? null;
    row.addEventListener("pointerenter", () => mark(index));
    row.addEventListener("pointerleave", () => mark(null));
    row.addEventListener("focusin", () => mark(index));
    row.addEventListener("focusout", () => mark(null));
  }
  for (const button of document.querySelectorAll("table.front thead button")) {
    button.addEventListener("click", () => {
      const table = button.closest("table"), column = +button.dataset.column;
      const down = button.dataset.order === "up";
      for (const other of table.querySelectorAll("thead button")) delete other.dataset.order;
      button.dataset.order = down ? "down" : "up";
      const value = (row) => Number(row.children[column].dataset.value ?? NaN);
      const rows = [...table.tBodies[0].rows];
      // What is not known stands last either way.
      rows.sort((a, b) => {
        const [x, y] = [value(a), value(b)];
        if (Number.isNaN(x) || Number.isNaN(y)) return Number.isNaN(x) - Number.isNaN(y);
        return down ? y - x : x - y;
      });
      table.tBodies[0].append(...rows);
    });
  }
  show();
})();
