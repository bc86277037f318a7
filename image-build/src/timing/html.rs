//! The timeline as one page that needs nothing else.

use std::fmt::Write as _;

use super::{TimedStep, Timeline};

const STYLE: &str = "body{font:14px sans-serif;margin:2em}table{border-collapse:collapse;width:100%}\
    td{padding:2px 8px;white-space:nowrap}td.n{max-width:30em;overflow:hidden;text-overflow:ellipsis}\
    td.t{text-align:right}td.b{width:60%}.r{position:relative;height:14px}.r i{position:absolute;height:14px;\
    min-width:1px;background:#47a}.i i{background:#9bc}.c i{background:#ccc}.s td{font-weight:bold}";

/// `timeline` as a page called `title`.
pub(super) fn page(timeline: &Timeline, title: &str) -> String {
    let whole = timeline.steps.iter().map(|step| step.started + step.seconds).fold(0.001, f64::max);
    let mut rows = String::new();
    for step in &timeline.steps {
        step_rows(&mut rows, step, whole);
    }
    let title = escaped(title);
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title>\
         <style>{STYLE}</style></head>\n<body><h1>{title}</h1><p>{whole:.1} s; grey was cached</p>\n\
         <table>\n{rows}</table></body></html>\n"
    )
}

fn step_rows(rows: &mut String, step: &TimedStep, whole: f64) {
    row(rows, ("s", &step.step), (step.started, step.seconds), whole);
    for instruction in &step.instructions {
        let class = if instruction.cached { "i c" } else { "i" };
        row(
            rows,
            (class, &instruction.name),
            (step.started + instruction.started, instruction.seconds),
            whole,
        );
    }
}

fn row(rows: &mut String, (class, name): (&str, &str), (started, seconds): (f64, f64), whole: f64) {
    let (left, width, name) = (started / whole * 100.0, seconds / whole * 100.0, escaped(name));
    // Writing to a String cannot fail.
    _ = writeln!(
        rows,
        "<tr class=\"{class}\"><td class=\"n\" title=\"{name}\">{name}</td><td class=\"t\">{seconds:.1} s</td>\
         <td class=\"b\"><div class=\"r {class}\"><i style=\"left:{left:.3}%;width:{width:.3}%\"></i></div></td></tr>"
    );
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_text_and_bars_lie_where_the_time_was() {
        let page = page(&super::super::tests::timeline(), "roman & co");
        assert!(page.contains("<title>roman &amp; co</title>"), "{page}");
        assert!(page.contains("[2/2] RUN &lt;b&gt; &amp; c"), "{page}");
        assert!(page.contains("left:1.515%;width:98.485%"), "the step: {page}");
    }
}
