/** Reads JavaScript sources as far as it takes to find the texts in them. */

/** After one of these a slash begins a regular expression. */
const BEFORE_REGEXP = /(?:^|[(,=:[!&|?{};+*%<>~^-]|\b(?:return|typeof|case|in|of|void|throw|new|await|yield))$/;

/** @typedef {object} Literal
 *  @property {number} line
 *  @property {string} text a string, or a part of a template between its expressions, as it is written
 *  @property {string} before what stands before it, in one line and without comments
 *  @property {boolean} isFirst whether it is no part of a template that comes after an expression
 *  @property {boolean} isOpen whether an expression of a template follows */

/** Every string and every part of a template.
 *  @param {string} source
 *  @returns {Literal[]} */
export function literalsOf(source) {
  /** @type {Literal[]} */
  const found = [];
  /** What is open: braces of code, and templates whose expressions are being read. @type {("{" | "`")[]} */
  const open = [];
  let code = "";
  let at = 0;
  const take = (/** @type {number} */ end) => {
    code += source.slice(at, end);
    at = end;
  };
  /** @param {number} from @param {(end: number) => boolean} isEnd */
  const endOf = (from, isEnd) => {
    let end = from;
    while (!isEnd(end)) {
      end += source[end] === "\\" ? 2 : 1;
    }
    return end;
  };
  const keep = (/** @type {number} */ end, isOpen = false) => {
    const line = source.slice(0, at).split("\n").length;
    const before = code.replace(/\s+/g, " ").trimEnd();
    found.push({ line, text: source.slice(at + 1, end), before, isFirst: source[at] !== "}", isOpen });
  };
  while (at < source.length) {
    const char = source[at];
    if (source.startsWith("//", at)) {
      at = source.indexOf("\n", at);
    } else if (source.startsWith("/*", at)) {
      at = source.indexOf("*/", at) + 2;
    } else if (char === '"' || char === "'") {
      const end = endOf(at + 1, (index) => source[index] === char);
      keep(end);
      take(end + 1);
    } else if (char === "`" || (char === "}" && open.at(-1) === "`")) {
      if (char === "}") {
        open.pop();
      }
      const end = endOf(at + 1, (index) => source[index] === "`" || source.startsWith("${", index));
      const goesOn = source[end] === "$";
      keep(end, goesOn);
      if (goesOn) {
        open.push("`");
      }
      take(end + (goesOn ? 2 : 1));
    } else if (char === "/" && BEFORE_REGEXP.test(code.trimEnd())) {
      let isInClass = false;
      const end = endOf(at + 1, (index) => {
        isInClass = source[index] === "[" || (isInClass && source[index] !== "]");
        return source[index] === "/" && !isInClass;
      });
      take(end + 1);
    } else {
      if (char === "{") {
        open.push("{");
      } else if (char === "}") {
        open.pop();
      }
      take(at + 1);
    }
  }
  return found;
}
