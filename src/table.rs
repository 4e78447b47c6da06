//! Columns of text.

/// Lays out rows in columns as wide as their widest text, with two blanks between them. Colours are no part
/// of it: whoever paints a cell does that later.
pub(crate) fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn columns_are_as_wide_as_their_widest_text() {
        let rows = [["NODE", "x"], ["server01", "ü y"]].map(|row| row.map(str::to_owned).to_vec());
        assert_eq!(super::table(&rows), "NODE      x\nserver01  ü y\n");
    }
}
