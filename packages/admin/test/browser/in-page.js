// Functions that run in the tested page.

const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true })

/** Returns red, green and blue (0 to 255) and opacity (0 to 1) of a CSS colour in any notation. */
function colourOf(text) {
  canvas.clearRect(0, 0, 1, 1)
  canvas.fillStyle = text
  canvas.fillRect(0, 0, 1, 1)
  const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data
  return [r, g, b, a / 255]
}

function luminance([r, g, b]) {
  const [x, y, z] = [r, g, b].map((value) => {
    const share = value / 255
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * x + 0.7152 * y + 0.0722 * z
}

function backgroundOf(element) {
  for (let each = element; each; each = each.parentElement) {
    const colour = colourOf(getComputedStyle(each).backgroundColor)
    if (colour[3] > 0.99) return colour
  }
  return [255, 255, 255, 1]
}

/** Returns texts with a contrast below 4.5:1 (3:1 for large texts), the minimum of WCAG 2.2 AA. */
function illegible() {
  const found = new Set()
  for (const element of document.querySelectorAll('body *')) {
    const own = [...element.childNodes].some(
      (node) => node.nodeType === Node.TEXT_NODE && node.textContent.trim() !== '',
    )
    if (!own || element.closest(':disabled, script, noscript')) continue
    const { color, fontSize, fontWeight } = getComputedStyle(element)
    const [a, b] = [luminance(colourOf(color)), luminance(backgroundOf(element))]
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)
    const size = Number.parseFloat(fontSize)
    const large = size >= 24 || (size >= 18.66 && Number(fontWeight) >= 700)
    if (ratio < (large ? 3 : 4.5))
      found.add(`${element.localName}.${element.className} ${ratio.toFixed(2)}: ${element.textContent}`)
  }
  return [...found]
}

/** Returns operable elements without an accessible name. */
function nameless() {
  const byId = (ids) => (ids ?? '').split(' ').map((id) => document.getElementById(id)?.textContent)
  return [...document.querySelectorAll('button, input, select, [tabindex="0"]')].flatMap((element) => {
    const names = [
      element.getAttribute('aria-label'),
      ...byId(element.getAttribute('aria-labelledby')),
      ...[...(element.labels ?? [])].map((label) => label.textContent),
      element.localName === 'button' ? element.textContent : '',
    ]
    return names.some((name) => name?.trim()) ? [] : [element.outerHTML.slice(0, 100)]
  })
}

/** Whether each instance in `by` has logged an event that begins with `text` after the newest line that contains `since`. */
function hasLogged({ since, text, by }) {
  const lines = [...document.querySelectorAll('[role="log"] li')].map((line) => line.textContent)
  const from = lines.findIndex((line) => line.includes(since))
  const newest = lines.slice(0, Math.max(0, from))
  return by.every((name) => newest.some((line) => line.includes(`${name} ${text}`)))
}

globalThis.inPage = {
  illegible,
  nameless,
  hasLogged,
  width: () => document.documentElement.scrollWidth,
  animations: () => document.getAnimations().length,
  focused: () => [document.activeElement.textContent.trim(), getComputedStyle(document.activeElement).outlineWidth],
}
