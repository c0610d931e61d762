/** The least workbook that spreadsheets open: one sheet of text cells (ECMA-376, part 1), in an archive without compression. */

const MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
const PACKAGE = "http://schemas.openxmlformats.org/package/2006";
const OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006";
const KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml";
const HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n';

/** Rows of strings as a file. */
export function workbook(rows) {
  const files = {
    "[Content_Types].xml": `<Types xmlns="${PACKAGE}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="${KIND}.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="${KIND}.worksheet+xml"/></Types>`,
    "_rels/.rels": relations("officeDocument", "xl/workbook.xml"),
    "xl/workbook.xml": `<workbook xmlns="${MAIN}" xmlns:r="${OFFICE}/relationships"><sheets><sheet name="Results" sheetId="1" r:id="rId1"/></sheets></workbook>`,
    "xl/_rels/workbook.xml.rels": relations("worksheet", "worksheets/sheet1.xml"),
    "xl/worksheets/sheet1.xml": worksheet(rows),
  };
  const entries = Object.entries(files).map(([name, text]) => [name, new TextEncoder().encode(HEAD + text)]);
  return new File(archive(entries), "results.xlsx", { type: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" });
}

const relations = (kind, target) =>
  `<Relationships xmlns="${PACKAGE}/relationships"><Relationship Id="rId1" Type="${OFFICE}/relationships/${kind}" Target="${target}"/></Relationships>`;

function worksheet(rows) {
  const lines = rows.map((row, index) => {
    const cells = row.map((text, column) => `<c r="${letters(column)}${index + 1}" t="inlineStr"><is><t xml:space="preserve">${escaped(text)}</t></is></c>`);
    return `<row r="${index + 1}">${cells.join("")}</row>`;
  });
  const frozen = '<sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" state="frozen"/></sheetView></sheetViews>';
  return `<worksheet xmlns="${MAIN}">${frozen}<sheetData>${lines.join("")}</sheetData></worksheet>`;
}

/** A, B, … Z, AA, … */
function letters(column) {
  const rest = Math.floor(column / 26);
  return (rest ? letters(rest - 1) : "") + String.fromCharCode(65 + (column % 26));
}

/** Text in XML, without the signs that XML 1.0 cannot hold. */
function escaped(text) {
  const allowed = text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "");
  return allowed.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}

/** A zip archive of stored files: [name, bytes] pairs. */
function archive(entries) {
  const parts = [];
  const directory = [];
  let offset = 0;
  for (const [name, data] of entries) {
    const title = new TextEncoder().encode(name);
    const facts = [20, 0x0800, 0, 0, 0x21, [crc32(data)], [data.length], [data.length], title.length, 0];
    const local = record([[0x04034b50], ...facts]);
    directory.push(record([[0x02014b50], 20, ...facts, 0, 0, 0, [0], [offset]]), title);
    parts.push(local, title, data);
    offset += local.length + title.length + data.length;
  }
  const length = directory.reduce((sum, part) => sum + part.length, 0);
  return [...parts, ...directory, record([[0x06054b50], 0, 0, entries.length, entries.length, [length], [offset], 0])];
}

/** Numbers as little-endian bytes: two each, or four for one in brackets. */
function record(numbers) {
  const bytes = [];
  for (const number of numbers) {
    if (Array.isArray(number)) bytes.push(number[0] & 255, (number[0] >>> 8) & 255, (number[0] >>> 16) & 255, number[0] >>> 24);
    else bytes.push(number & 255, (number >>> 8) & 255);
  }
  return Uint8Array.from(bytes);
}

const TABLE = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value;
});

function crc32(data) {
  let crc = 0xffffffff;
  for (const byte of data) crc = TABLE[(crc ^ byte) & 255] ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}
