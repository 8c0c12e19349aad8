// Making and finding elements, without a framework.

const SVG = 'http://www.w3.org/2000/svg';

/** The element with this selector; a page without it would be broken, so it throws. */
export function find(selector, root = document) {
  const found = root.querySelector(selector);
  if (!found) {
    throw new Error(`No ${selector}`);
  }
  return found;
}

/**
 * Makes an element. Attributes are set as they are, but: `on` holds handlers by event, false and null leave
 * an attribute out, true sets it empty. Children are elements or texts.
 */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === 'on') {
      for (const [event, handler] of Object.entries(value)) {
        element.addEventListener(event, handler);
      }
    } else if (value !== false && value !== null && value !== undefined) {
      element.setAttribute(name, value === true ? '' : value);
    }
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** One of the pictures that index.html holds. */
export function icon(name) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  const use = document.createElementNS(SVG, 'use');
  use.setAttribute('href', `#i-${name}`);
  svg.append(use);
  return svg;
}

/** Changes a text only when it is another one, so that nothing is announced twice. */
export function say(element, text) {
  if (element.textContent !== text) {
    element.textContent = text;
  }
}
