(function () {
  "use strict";
  var each = Function.prototype.call.bind(Array.prototype.forEach);

  // what scrolls sideways is a stop of the tab key, under the name of what is in it; what fits is none
  var watch = new ResizeObserver(function (seen) { seen.forEach(function (one) { reach(one.target); }); });
  function reach(box) {
    if (box.scrollWidth <= box.clientWidth) return ["tabindex", "role", "aria-label"].forEach(function (name) { box.removeAttribute(name); });
    var named = box.querySelector("caption, svg");
    box.tabIndex = 0;
    box.setAttribute("role", "region");
    box.setAttribute("aria-label", (named.getAttribute("aria-label") || named.textContent).trim());
  }
  each(document.querySelectorAll(".wide, .pair, figure"), function (box) { watch.observe(box); });

  // the contents: open beside the page where there is room, one line over it where there is none
  var nav = document.querySelector(".contents"), list = nav && nav.querySelector("details");
  if (!list) return;
  var summary = list.querySelector("summary"), here = nav.querySelector(".here"), wide = window.matchMedia("(min-width: 76rem)");
  function fit() {
    list.open = wide.matches;
    summary.tabIndex = wide.matches ? -1 : 0;
  }
  wide.addEventListener("change", fit);
  fit();
  nav.classList.add("ready");
  nav.addEventListener("click", function (event) { if (event.target.closest("a") && !wide.matches) list.open = false; });
  nav.addEventListener("keydown", function (event) {
    if (event.key !== "Escape" || wide.matches) return;
    list.open = false;
    summary.focus();
  });
  var current = null, reading = new IntersectionObserver(function (seen) {
    seen.forEach(function (one) { if (one.isIntersecting) mark(one.target); });
  }, { rootMargin: "-15% 0px -75% 0px" });
  function mark(section) {
    var link = nav.querySelector('a[href="#' + section.getAttribute("aria-labelledby") + '"]');
    if (!link || link === current) return;
    if (current) current.removeAttribute("aria-current");
    current = link;
    link.setAttribute("aria-current", "true");
    here.textContent = link.textContent;
    if (wide.matches) nav.scrollTop = link.offsetTop - nav.clientHeight / 2;
  }
  each(document.querySelectorAll("main > section"), function (section) { reading.observe(section); });
})();
