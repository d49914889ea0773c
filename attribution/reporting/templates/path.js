(function () {
  "use strict";
  var section = document.querySelector("section.explorer"), figure = section && section.querySelector("figure.path");
  if (!figure) return;
  var days = JSON.parse(figure.dataset.days), space = "http://www.w3.org/2000/svg", told = null;
  var negative = section.querySelector("form").dataset.negative;
  function written(value, decimals) {
    var digits = Math.abs(value).toFixed(decimals);
    return value < 0 && Number(digits) !== 0 ? negative.replace("{}", digits) : digits;
  }
  function filled(text, values) { return text.replace(/\{(\w+)\}/g, function (place, name) { return values[name]; }); }
  function add(parent, name, values, text) {
    var made = parent.appendChild(document.createElementNS(space, name));
    Object.keys(values).forEach(function (key) { made.setAttribute(key, values[key]); });
    if (text !== undefined) made.textContent = text;
    return made;
  }
  function even(range) {
    var rough = range / 4, power = Math.pow(10, Math.floor(Math.log10(rough)));
    return [1, 2, 5, 10].map(function (step) { return step * power; }).filter(function (step) { return step >= rough; })[0];
  }

  // percent to date at the close of each day, of whole steps of a hundred thousandth
  function toDate(path) {
    var sum = 0;
    return path.split(" ").map(function (step) { sum += parseInt(step, 36); return sum / 1e5; });
  }
  function draw() {
    figure.hidden = !told || !told.path;
    if (figure.hidden) return;
    var open = figure.querySelector("details[open]") !== null, values = toDate(told.path), end = values[values.length - 1];
    var low = Math.min.apply(null, values), high = Math.max.apply(null, values);
    var title = document.createElement("figcaption");
    title.textContent = filled(figure.dataset.title, told);
    figure.replaceChildren(title);
    var width = Math.max(260, figure.clientWidth), height = 190, left = 48, right = 62, top = 10, bottom = 26;
    var from = Math.min(0, low), to = Math.max(0, high), step = even(to - from || 1e-4);
    from = Math.floor(from / step) * step;
    to = Math.ceil(to / step) * step || step;
    function x(place) { return left + (width - left - right) * (values.length > 1 ? place / (values.length - 1) : 1); }
    function y(value) { return top + (height - top - bottom) * (to - value) / (to - from); }
    var svg = add(figure, "svg", {
      role: "img", viewBox: "0 0 " + width + " " + height,
      "aria-label": filled(figure.dataset.label, {
        label: told.label, end: written(end, 4) + "%", high: written(high, 4) + "%", high_day: days[values.indexOf(high)],
        low: written(low, 4) + "%", low_day: days[values.indexOf(low)],
      }),
    });
    var decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
    for (var mark = 0; from + mark * step <= to + step / 2; mark += 1) {
      var level = from + mark * step, zero = Math.abs(level) < step / 2;
      add(svg, "path", { d: "M" + left + " " + y(level) + "H" + (width - right), "class": zero ? "zero" : "rule" });
      add(svg, "text", { x: left - 6, y: y(level) + 4, "text-anchor": "end" }, written(zero ? 0 : level, decimals));
    }
    [0, Math.floor((values.length - 1) / 2), values.length - 1].forEach(function (place, at, places) {
      if (places.indexOf(place) === at) add(svg, "text", { x: x(place), y: height - 8, "text-anchor": at ? "middle" : "start" }, days[place]);
    });
    add(svg, "path", { d: "M" + values.map(function (value, place) { return x(place).toFixed(1) + " " + y(value).toFixed(1); }).join("L"), "class": "line" });
    add(svg, "circle", { cx: x(values.length - 1), cy: y(end), r: 3 });
    add(svg, "text", { x: x(values.length - 1) + 7, y: y(end) + 4, "class": "end" }, written(end, 2));
    figure.append(table(values, open));
  }
  function table(values, open) {
    var details = document.createElement("details"), made = document.createElement("table");
    details.open = open;
    details.appendChild(document.createElement("summary")).textContent = figure.dataset.values;
    made.className = "compact";
    made.createCaption().textContent = filled(figure.dataset.title, told);
    var head = made.createTHead().insertRow();
    [figure.dataset.date, figure.dataset.toDate].forEach(function (name, column) {
      var cell = head.appendChild(document.createElement("th"));
      cell.scope = "col";
      cell.textContent = name;
      if (column) cell.className = "n";
    });
    var body = made.createTBody();
    values.forEach(function (value, place) {
      var row = body.insertRow(), day = row.appendChild(document.createElement("th")), cell = row.insertCell();
      day.scope = "row";
      day.textContent = days[place];
      cell.className = "n p";
      cell.dataset.v = value / 100;
      cell.textContent = written(value, 4);
    });
    details.append(made);
    return details;
  }
  section.addEventListener("row", function (event) { told = event.detail; draw(); });
  window.addEventListener("resize", draw);
})();
