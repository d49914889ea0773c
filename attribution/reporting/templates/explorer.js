(function () {
  "use strict";
  var section = document.querySelector("section.explorer");
  if (!section) return;
  var form = section.querySelector("form"), status = section.querySelector(".status");
  var courses = Array.prototype.slice.call(section.querySelectorAll("details.course"));
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
    var rows = Array.prototype.map.call(body.rows, function (row) { return { row: row, key: key(row, column), at: Number(row.dataset.at) }; });
    rows.sort(function (a, b) {
      if (a.key === null || b.key === null) return (a.key === null) - (b.key === null) || a.at - b.at;
      return (descending ? compare(b.key, a.key) : compare(a.key, b.key)) || a.at - b.at;
    });
    rows.forEach(function (each) { body.appendChild(each.row); });
    Array.prototype.forEach.call(table.tHead.rows[0].cells, function (head, place) {
      if (place === column) head.setAttribute("aria-sort", descending ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    });
    say();
  }

  // a button in each heading; every table is one stop of the tab key, its cells are reached by arrows
  Array.prototype.forEach.call(section.querySelectorAll("table.sortable"), function (table) {
    Array.prototype.forEach.call(table.tBodies[0].rows, function (row, place) { row.dataset.at = place; });
    Array.prototype.forEach.call(table.tHead.rows[0].cells, function (head, column) {
      var button = document.createElement("button");
      button.type = "button";
      while (head.firstChild) button.appendChild(head.firstChild);
      head.appendChild(button);
      button.addEventListener("click", function () {
        var now = head.getAttribute("aria-sort");
        sort(table, column, now ? now === "ascending" : head.classList.contains("n"));
      });
    });
    var first = table.tBodies[0].querySelector("td[data-v]");
    if (first) first.tabIndex = 0;
  });
  function placeOf(cell) {
    var place = 0;
    for (var before = cell.previousElementSibling; before; before = before.previousElementSibling) place += before.colSpan;
    return place;
  }
  function cellAt(row, place) {
    return Array.prototype.filter.call(row.cells, function (cell) { return placeOf(cell) === place; })[0];
  }
  function step(cell, key) {
    var row = cell.parentNode, column = placeOf(cell);
    if (key === "ArrowLeft" || key === "ArrowRight") {
      var forth = key === "ArrowRight" ? "nextElementSibling" : "previousElementSibling";
      for (var beside = cell[forth]; beside; beside = beside[forth]) if (beside.dataset.v !== undefined) return beside;
      return null;
    }
    var rows = Array.prototype.slice.call(row.closest("table").querySelectorAll("tbody tr, tfoot tr"));
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
    var next = step(cell, event.key);
    if (!next) return;
    event.preventDefault();
    cell.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  });

  // one table at a time
  function chosen() {
    return courses[Number(form.elements.course.value)].querySelector('[data-cut="' + form.elements.cut.value + '"] table');
  }
  function say() {
    var table = chosen(), head = table.tHead.querySelector("[aria-sort]");
    var text = filled(form.dataset.shown, { caption: table.caption.firstChild.textContent.trim(), count: table.tBodies[0].rows.length });
    if (head) text += form.dataset.gap + filled(form.dataset.sorted, { column: head.textContent.trim() });
    status.textContent = text;
  }
  function show() {
    courses.forEach(function (course) {
      course.open = course.dataset.course === form.elements.course.value;
      course.hidden = !course.open;
      Array.prototype.forEach.call(course.querySelectorAll("[data-cut]"), function (part) {
        part.hidden = part.dataset.cut !== form.elements.cut.value;
      });
    });
    hide();
    say();
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
    Array.prototype.forEach.call(head.cells, function (each) { width += each.colSpan; });
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
    var box = cell.getBoundingClientRect(), own = tip.getBoundingClientRect();
    tip.style.left = Math.max(4, Math.min(box.right - own.width, document.documentElement.clientWidth - own.width - 4)) + "px";
    tip.style.top = (box.top > own.height + 8 ? box.top - own.height - 4 : box.bottom + 4) + "px";
    cell.setAttribute("aria-describedby", "tip");
    told = cell;
  }
  function over(event) {
    var cell = event.target.closest && event.target.closest("td[data-v]");
    if (cell) tell(cell); else hide();
  }
  document.addEventListener("mouseover", over);
  document.addEventListener("click", over);
  document.addEventListener("focusin", over);
  document.addEventListener("focusout", hide);
  document.addEventListener("scroll", hide, true);
  document.addEventListener("keydown", function (event) { if (event.key === "Escape") hide(); });

  form.addEventListener("change", show);
  form.addEventListener("submit", function (event) { event.preventDefault(); });
  section.classList.add("ready");
  show();
})();
