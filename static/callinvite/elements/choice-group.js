/** A question with one answer out of a few, each with what it means: radio buttons below a legend. */

import { h } from "./dom.js";

/** @template {string} Value
 *  @typedef {object} ChoiceGroup
 *  @property {HTMLElement} node
 *  @property {(value: Value) => void} show
 *  @property {(isDisabled: boolean) => void} disable */

/** @template {string} Value
 *  @param {object} question
 *  @param {string} question.name of the field, unique in the page
 *  @param {string} question.legend
 *  @param {string} [question.help]
 *  @param {readonly {value: Value, label: string, help: string}[]} question.choices
 *  @param {(value: Value) => void} question.chosen
 *  @returns {ChoiceGroup<Value>} */
export function choiceGroup({ name, legend, help = "", choices, chosen }) {
  /** @type {Map<Value, HTMLInputElement>} */
  const inputs = new Map();
  const rows = choices.map(({ value, label, help: meaning }) => {
    const id = `${name}-${value}`;
    const input = h("input", {
      class: "choice__input",
      type: "radio",
      name,
      id,
      value,
      "aria-describedby": `${id}-help`,
      onChange: () => {
        chosen(value);
      },
    });
    inputs.set(value, input);
    return h(
      "div",
      { class: "choice" },
      input,
      h(
        "span",
        { class: "choice__words" },
        h("label", { class: "choice__label", for: id }, label),
        h("span", { class: "settings__help", id: `${id}-help` }, meaning),
      ),
    );
  });
  const node = h(
    "fieldset",
    { class: "choices", disabled: true },
    h("legend", { class: "choices__legend" }, legend),
    help && h("p", { class: "settings__help" }, help),
    ...rows,
  );
  return {
    node,
    show: (value) => {
      inputs.forEach((input, each) => {
        input.checked = each === value;
      });
    },
    disable: (isDisabled) => {
      node.disabled = isDisabled;
    },
  };
}
