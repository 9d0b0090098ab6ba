//! Tables as text: aligned columns that fit the terminal's width. In a pipe nothing is cut.

use super::shown;
use super::width::{columns, fitting, padded};

/// Spaces between two columns.
const GAP: usize = 2;
/// Marks the place where a text was cut.
const CUT: char = '…';

/// How a column behaves if the terminal is too narrow.
#[derive(Clone, Copy)]
pub(in crate::cli) enum Fit {
    /// Keeps its width.
    Whole,
    /// May be cut, down to this many columns of the terminal.
    Shrinks(usize),
    /// Like `Shrinks`, and left out where even that is too wide, the last one first.
    Optional(usize),
    /// Shows only this many columns of it on any terminal, and the whole text in a pipe.
    First(usize),
}

/// Things of one kind, one per row.
pub(in crate::cli) struct Table {
    /// Title of each column, and how it fits into a narrow terminal.
    pub(in crate::cli) columns: &'static [(&'static str, Fit)],
    /// A cell for each column.
    pub(in crate::cli) rows: Vec<Vec<String>>,
}

impl Table {
    /// Renders the table below a line of titles; `width` is the terminal's in columns, `None` in a pipe.
    pub(in crate::cli) fn render(&self, width: Option<usize>) -> String {
        let titles = self.columns.iter().map(|(title, _)| (*title).to_owned()).collect();
        let shown = self.rows.iter().map(|row| self.prepare(row, width.is_some()));
        let rows: Vec<Vec<String>> = std::iter::once(titles).chain(shown).collect();
        let widths = self.widths(&rows, width);
        rows.iter().map(|row| line(row, &widths)).collect()
    }

    /// The columns that are too much for the room, by their places.
    fn left_out(&self, widths: &[usize], room: Option<usize>) -> Vec<usize> {
        let Some(room) = room else { return Vec::new() };
        let least = |(width, (title, fit)): (&usize, &(&str, Fit))| width - fit.spare(*width, title) + GAP;
        let mut needed: usize = widths.iter().zip(self.columns).map(least).sum::<usize>().saturating_sub(GAP);
        let columns = widths.iter().zip(self.columns).enumerate().rev();
        let optional = columns.filter(|(_, (_, (_, fit)))| matches!(fit, Fit::Optional(_)));
        let needless = optional.take_while(|(_, column)| {
            let is_too_wide = needed > room;
            needed -= if is_too_wide { least(*column) } else { 0 };
            is_too_wide
        });
        needless.map(|(place, _)| place).collect()
    }

    fn prepare(&self, row: &[String], is_terminal: bool) -> Vec<String> {
        let cells = row.iter().zip(self.columns);
        cells
            .map(|(cell, (_, fit))| match fit {
                Fit::First(most) if is_terminal => fitting(&shown::plain(cell), *most).to_owned(),
                Fit::First(_) | Fit::Whole | Fit::Shrinks(_) | Fit::Optional(_) => shown::plain(cell),
            })
            .collect()
    }

    /// The columns' widths, 0 where a column is left out: what each needs, reduced until the table fits, always from the column with most to spare.
    fn widths(&self, rows: &[Vec<String>], width: Option<usize>) -> Vec<usize> {
        let longest = |place: usize| rows.iter().filter_map(|row| row.get(place)).map(|cell| columns(cell)).max();
        let mut widths: Vec<usize> = (0..self.columns.len()).map(|place| longest(place).unwrap_or(0)).collect();
        let left_out = self.left_out(&widths, width);
        let shown = |place, width| if left_out.contains(&place) { 0 } else { width };
        widths = widths.into_iter().enumerate().map(|(place, width)| shown(place, width)).collect();
        let gaps = GAP * (self.columns.len() - left_out.len()).saturating_sub(1);
        let Some(room) = width.map(|width| width.saturating_sub(gaps)) else { return widths };
        let mut excess = widths.iter().sum::<usize>().saturating_sub(room);
        while excess > 0 {
            let spare =
                widths.iter_mut().zip(self.columns).map(|(width, (title, fit))| (fit.spare(*width, title), width));
            let Some((1.., widest)) = spare.max_by_key(|(spare, _)| *spare) else { break };
            *widest -= 1;
            excess -= 1;
        }
        widths
    }
}

impl Fit {
    /// How much of its width a column can give away; its title always stays whole.
    fn spare(self, width: usize, title: &str) -> usize {
        match self {
            Self::Whole | Self::First(_) => 0,
            Self::Shrinks(least) | Self::Optional(least) => width.saturating_sub(least.max(columns(title))),
        }
    }
}

/// Pairs of a label and its value, one per line, indented by two, the values aligned.
pub(in crate::cli) fn fields(pairs: &[(&str, String)]) -> String {
    let widest = pairs.iter().map(|(label, _)| columns(label)).max().unwrap_or(0);
    let texts: Vec<String> =
        pairs.iter().map(|(label, value)| format!("{}  {}", padded(label, widest), shown::plain(value))).collect();
    shown::lines("  ", texts.iter().map(String::as_str))
}

fn line(row: &[String], widths: &[usize]) -> String {
    let shown = row.iter().zip(widths).filter(|(_, width)| **width > 0);
    let cells = shown.map(|(cell, width)| padded(&cut(cell, *width), *width));
    let text = cells.collect::<Vec<_>>().join(&" ".repeat(GAP));
    format!("{}\n", text.trim_end())
}

fn cut(text: &str, width: usize) -> String {
    if columns(text) <= width {
        return text.to_owned();
    }
    format!("{}{CUT}", fitting(text, width.saturating_sub(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: &[(&str, Fit)] =
        &[("NAME", Fit::Shrinks(6)), ("STATE", Fit::Whole), ("ABOUT", Fit::Shrinks(5)), ("KEY", Fit::First(4))];

    fn table() -> Table {
        let row = |cells: [&str; 4]| cells.map(str::to_owned).to_vec();
        Table {
            columns: COLUMNS,
            rows: vec![
                row(["alice/app", "active", "a long line about it", "0123456789"]),
                row(["b", "inactive", "", "ab"]),
            ],
        }
    }

    #[test]
    fn a_pipe_gets_everything() {
        let expected = "\
NAME       STATE     ABOUT                 KEY
alice/app  active    a long line about it  0123456789
b          inactive                        ab
";
        assert_eq!(table().render(None), expected);
    }

    #[test]
    fn a_terminal_gets_what_fits() {
        let expected = "\
NAME       STATE     ABOUT       KEY
alice/app  active    a long li…  0123
b          inactive              ab
";
        assert_eq!(table().render(Some(37)), expected);
        assert!(table().render(Some(37)).lines().all(|line| columns(line) <= 37));
    }

    #[test]
    fn wide_letters_leave_the_columns_where_they_are() {
        let row = |cells: [&str; 3]| cells.map(str::to_owned).to_vec();
        let table = Table {
            columns: &[("NAME", Fit::Shrinks(6)), ("ABOUT", Fit::Shrinks(5)), ("STATE", Fit::Whole)],
            rows: vec![row(["日本語ラベル", "社区版 registry", "active"]), row(["laptop", "plain", "inactive"])],
        };
        let expected = "\
NAME          ABOUT            STATE
日本語ラベル  社区版 registry  active
laptop        plain            inactive
";
        assert_eq!(table.render(None), expected);
        for width in 30..40 {
            let rendered = table.render(Some(width));
            assert!(rendered.lines().all(|line| columns(line) <= width), "{rendered}");
            let starts: Vec<_> = ["STATE", "active", "inactive"]
                .iter()
                .zip(rendered.lines())
                .map(|(state, line)| columns(line.split_once(state).unwrap().0))
                .collect();
            assert!(starts.windows(2).all(|pair| pair[0] == pair[1]), "{rendered}");
        }
    }

    #[test]
    fn what_cannot_shrink_stays_readable() {
        let narrow = table().render(Some(1));
        assert!(narrow.contains("alice…  active    a lo…  0123"), "{narrow}");
    }

    #[test]
    fn what_is_optional_goes_from_the_end_where_there_is_no_room() {
        let columns: &[(&str, Fit)] = &[("A", Fit::Whole), ("B", Fit::Optional(3)), ("C", Fit::Optional(3))];
        let cells = ["1234", "abcdef", "uvwxyz"].map(str::to_owned).to_vec();
        let table = Table { columns, rows: vec![cells] };
        let at = |width| table.render(Some(width)).lines().last().unwrap().to_owned();
        assert_eq!(at(20), "1234  abcdef  uvwxyz");
        assert_eq!(at(16), "1234  abc…  uvw…");
        assert_eq!(at(14), "1234  ab…  uv…");
        assert_eq!(at(13), "1234  abcdef");
        assert_eq!(at(9), "1234  ab…");
        assert_eq!(at(8), "1234");
        assert_eq!(table.render(None).lines().last().unwrap(), "1234  abcdef  uvwxyz");
    }

    #[test]
    fn cells_are_escaped_before_they_are_measured() {
        let hostile = Table { columns: &[("NAME", Fit::Whole)], rows: vec![vec!["a\nb".to_owned()]] };
        assert_eq!(hostile.render(None), "NAME\na\\nb\n");
    }

    #[test]
    fn fields_line_up() {
        assert_eq!(fields(&[("Name", "a".into()), ("Full name", "b".into())]), "  Name       a\n  Full name  b\n");
    }
}
