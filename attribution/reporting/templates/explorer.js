(function () {
  "use strict";
  var section = document.querySelector("section.explorer");
  if (!section) return;
  var form = section.querySelector("form"), status = section.querySelector(".status");
  var courses = list(section.querySelectorAll("details.course"));
  var language = document.documentElement.lang;

  // numbers in the house's way of writing them
  function written(value, decimals) {
    var digits = Math.abs(value).toFixed(decimals);
    return value < 0 && Number(digits) !== 0 ? form.dataset.negative.replace("{}", digits) : digits;
  }
  function inFull(cell) {
    var value = Number(cell.dataset.v);
    return cell.classList.contains("p") ? written(value * 100, 4) + "%" : written(value, 4);
  }
  function filled(text, values) {
    return text.replace(/\{(\w+)\}/g, function (place, name) { return name in values ? values[name] : place; });
  }

  function list(nodes) { return Array.prototype.slice.call(nodes); }

  // what is sorted by: a number with every digit, a date, or a text; what has none comes last either way
  function key(row, column) {
    var cell = row.cells[column];
    if (cell.dataset.v !== undefined) return Number(cell.dataset.v);
    if (cell.dataset.s !== undefined) return cell.dataset.s;
    if (cell.classList.contains("n")) return null;
    return cell.textContent.trim();
  }
  function compare(a, b) {
    return typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), language);
  }
  function sort(table, column, descending) {
    var body = table.tBodies[0];
    var rows = list(body.rows).map(function (row) { return { row: row, key: key(row, column), at: Number(row.dataset.at) }; });
    rows.sort(function (a, b) {
      if (a.key === null || b.key === null) return (a.key === null) - (b.key === null) || a.at - b.at;
      return (descending ? compare(b.key, a.key) : compare(a.key, b.key)) || a.at - b.at;
    });
    rows.forEach(function (each) { body.appendChild(each.row); });
    list(table.tHead.rows[0].cells).forEach(function (head, place) {
      if (place === column) head.setAttribute("aria-sort", descending ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    });
    say();
  }

  // a button in each heading; every table is one stop of the tab key, its cells are reached by arrows
  function prepare(table) {
    list(table.tBodies[0].rows).forEach(function (row, place) { row.dataset.at = place; });
    list(table.tHead.rows[0].cells).forEach(function (head, column) {
      var button = document.createElement("button");
      button.type = "button";
      while (head.firstChild) button.appendChild(head.firstChild);
      head.appendChild(button);
      button.addEventListener("click", function () {
        var now = head.getAttribute("aria-sort");
        sort(table, column, now ? now === "ascending" : head.classList.contains("n"));
      });
    });
    settle(table);
  }
  function settle(table) {
    var now = table.querySelector('td[tabindex="0"]');
    if (now && !now.parentNode.hidden) return;
    if (now) now.tabIndex = -1;
    var first = table.querySelector("tr:not([hidden]) > td[data-v]");
    if (first) first.tabIndex = 0;
  }
  list(section.querySelectorAll("table.sortable")).forEach(prepare);
  function placeOf(cell) {
    var place = 0;
    for (var before = cell.previousElementSibling; before; before = before.previousElementSibling) place += before.colSpan;
    return place;
  }
  function cellAt(row, place) {
    return list(row.cells).filter(function (cell) { return placeOf(cell) === place; })[0];
  }
  function step(cell, key) {
    var row = cell.parentNode, column = placeOf(cell);
    if (key === "ArrowLeft" || key === "ArrowRight") {
      var forth = key === "ArrowRight" ? "nextElementSibling" : "previousElementSibling";
      for (var beside = cell[forth]; beside; beside = beside[forth]) if (beside.dataset.v !== undefined) return beside;
      return null;
    }
    var rows = list(row.closest("table").querySelectorAll("tbody tr:not([hidden]), tfoot tr"));
    var move = { ArrowUp: -1, ArrowDown: 1 }[key], at = rows.indexOf(row);
    if (key === "Home") { at = -1; move = 1; }
    if (key === "End") { at = rows.length; move = -1; }
    for (at += move; move && rows[at]; at += move) {
      var found = cellAt(rows[at], column);
      if (found && found.dataset.v !== undefined) return found;
    }
    return null;
  }
  section.addEventListener("keydown", function (event) {
    var cell = event.target.closest("td[data-v]");
    if (!cell) return;
    if (event.key === "Enter") choose(cell.parentNode);
    var next = step(cell, event.key);
    if (!next) return;
    event.preventDefault();
    cell.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  });

  // stocks by factor, made of the table of stocks when it is first asked for
  function crossed(place) {
    var stocks = place.parentNode.querySelector('[data-cut="stock"] table');
    var names = JSON.parse(stocks.dataset.factors), heads = stocks.tHead.rows[0].cells, table = document.createElement("table");
    function add(row, tag, text, kind) {
      var cell = row.appendChild(document.createElement(tag));
      cell.textContent = text;
      if (kind) cell.className = kind;
      return cell;
    }
    table.className = "compact sortable stock_factor";
    table.createCaption().append(place.dataset.caption, " ", stocks.caption.lastElementChild.cloneNode(true));
    var head = table.createTHead().insertRow();
    [heads[0].textContent, heads[1].textContent].concat(names, place.dataset.total).forEach(function (name, column) {
      add(head, "th", name.trim(), column > 1 ? "n" : "").scope = "col";
    });
    var body = table.createTBody();
    list(stocks.tBodies[0].rows).sort(function (a, b) { return a.dataset.at - b.dataset.at; }).forEach(function (from) {
      var row = body.insertRow(), values = (from.dataset.cells || "").split(" ");
      if (from.dataset.path) row.dataset.path = from.dataset.path;
      if (from.dataset.held !== undefined) row.dataset.held = "";
      add(row, "th", from.cells[0].textContent).scope = "row";
      add(row, "td", from.cells[1].firstChild.textContent.trim(), "name");
      names.forEach(function (name, column) { number(add(row, "td", "", "n p"), parseInt(values[column] || 0, 36) / 1e12); });
      number(add(row, "td", "", "n p"), Number(from.cells[from.cells.length - 1].dataset.v));
    });
    place.append(table);
    prepare(table);
  }
  function number(cell, value) {
    cell.dataset.v = value;
    cell.textContent = written(value * 100, 2);
  }

  // one table at a time, of it the rows that are looked for
  function chosen() {
    return courses[Number(form.elements.course.value)].querySelector('[data-cut="' + form.elements.cut.value + '"] table');
  }
  function plain(text) { return text.normalize("NFKC").toLowerCase(); }
  function sift() {
    var table = chosen(), wanted = plain(form.elements.find.value.trim()), held = form.elements.held;
    var rows = list(table.tBodies[0].rows);
    held.disabled = !rows.some(function (row) { return row.dataset.held !== undefined; });
    rows.forEach(function (row) {
      row.hidden = (held.checked && !held.disabled && row.dataset.held === undefined) || plain(row.textContent).indexOf(wanted) < 0;
    });
    settle(table);
    say();
  }
  function seen(table) { return list(table.tBodies[0].rows).filter(function (row) { return !row.hidden; }); }
  function say() {
    var table = chosen(), head = table.tHead.querySelector("[aria-sort]"), count = table.tBodies[0].rows.length, shown = seen(table).length;
    var caption = table.caption.firstChild.textContent.trim();
    var text = filled(shown < count ? form.dataset.some : form.dataset.shown, { caption: caption, shown: shown, count: count });
    if (head) text += form.dataset.gap + filled(form.dataset[head.getAttribute("aria-sort")], { column: head.textContent.trim() });
    status.textContent = text;
  }
  function show() {
    courses.forEach(function (course) {
      course.open = course.dataset.course === form.elements.course.value;
      course.hidden = !course.open;
      list(course.querySelectorAll("[data-cut]")).forEach(function (part) {
        part.hidden = part.dataset.cut !== form.elements.cut.value;
        if (!part.hidden && course.open && !part.firstElementChild) crossed(part);
      });
    });
    hide();
    sift();
    choose(chosen().querySelector('[aria-current]') || seen(chosen())[0]);
  }

  // the row that is drawn through the month, by path.js
  function choose(row) {
    if (row && row.parentNode.tagName === "TFOOT") return;
    list(chosen().querySelectorAll("[aria-current]")).forEach(function (other) { other.removeAttribute("aria-current"); });
    if (row) row.setAttribute("aria-current", "true");
    var told = row && { label: row.cells[0].textContent.trim(), path: row.dataset.path };
    section.dispatchEvent(new CustomEvent("row", { detail: told }));
  }
  section.addEventListener("click", function (event) {
    var row = event.target.closest("tbody tr");
    if (row && row.closest("table.sortable")) choose(row);
  });

  // what is seen, as CSV with every digit; totals where no row is left out
  function value(cell) {
    if (cell.dataset.v !== undefined) return cell.dataset.v;
    if (cell.classList.contains("na")) return "";
    var text = cell.dataset.s || cell.textContent.trim().replace(/\s+/g, " ");
    return '"' + (/^[=+\-@]/.test(text) ? "'" : "") + text.replace(/"/g, '""') + '"';
  }
  function line(row) {
    return list(row.cells).map(function (cell) { return value(cell) + ",".repeat(cell.colSpan - 1); }).join(",");
  }
  function copy() {
    var table = chosen(), rows = seen(table), all = rows.length === table.tBodies[0].rows.length;
    var text = [table.tHead.rows[0]].concat(rows, all && table.tFoot ? list(table.tFoot.rows) : []).map(line).join("\r\n") + "\r\n";
    function done() { status.textContent = filled(form.dataset.copied, { count: rows.length }); }
    if (navigator.clipboard) navigator.clipboard.writeText(text).then(done, function () { byHand(text, done); });
    else byHand(text, done);
  }
  function byHand(text, done) {
    var place = document.createElement("textarea"), before = section.querySelector("textarea");
    if (before) before.remove();
    place.value = text;
    place.readOnly = true;
    place.setAttribute("aria-label", form.elements.copy.textContent);
    form.append(place);
    place.select();
    if (document.execCommand("copy")) {
      place.remove();
      form.elements.copy.focus();
      done();
    } else status.textContent = form.dataset.byHand;
  }

  // the value in full, under the pointer, the finger or the focus
  var tip = document.createElement("div"), told = null;
  tip.id = "tip";
  tip.setAttribute("role", "tooltip");
  tip.hidden = true;
  document.body.appendChild(tip);
  function hide() {
    if (told) told.removeAttribute("aria-describedby");
    told = null;
    tip.hidden = true;
  }
  function headed(head, cell) {
    var place = placeOf(cell), width = 0, spans = cell.closest("table").querySelector("[rowspan]");
    list(head.cells).forEach(function (each) { width += each.colSpan; });
    return spans || width !== head.cells.length || place >= width ? "" : head.cells[place].textContent.trim();
  }
  function tell(cell) {
    if (cell === told) return;
    hide();
    var table = cell.closest("table"), head = table.tHead && table.tHead.rows[0];
    var label = cell.parentNode.querySelector("th"), parts = [];
    if (label) parts.push(label.textContent.trim());
    if (head) parts.push(headed(head, cell));
    var value = document.createElement("b");
    value.textContent = inFull(cell);
    tip.replaceChildren(parts.filter(Boolean).join(form.dataset.gap), value);
    tip.hidden = false;
    place(cell);
    cell.setAttribute("aria-describedby", "tip");
    told = cell;
  }
  function place(cell) {
    var box = cell.getBoundingClientRect(), own = tip.getBoundingClientRect();
    tip.style.left = Math.max(4, Math.min(box.right - own.width, document.documentElement.clientWidth - own.width - 4)) + "px";
    tip.style.top = (box.top > own.height + 8 ? box.top - own.height - 4 : box.bottom + 4) + "px";
  }
  function moved() {  // a focus brings its cell into view, and its value goes with it
    if (told && told === document.activeElement) place(told); else hide();
  }
  function over(event) {
    var cell = event.target.closest && event.target.closest("td[data-v]");
    if (cell) tell(cell); else hide();
  }
  document.addEventListener("mouseover", over);
  document.addEventListener("click", over);
  document.addEventListener("focusin", over);
  document.addEventListener("focusout", hide);
  document.addEventListener("scroll", moved, true);
  document.addEventListener("keydown", function (event) { if (event.key === "Escape") hide(); });

  form.addEventListener("change", show);
  form.elements.find.addEventListener("input", sift);
  form.elements.copy.addEventListener("click", copy);
  form.addEventListener("submit", function (event) { event.preventDefault(); });
  section.classList.add("ready");
  show();
})();
