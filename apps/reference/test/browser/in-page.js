/** What runs in the page that is looked at. */

const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true })

/** Red, green, blue (0 … 255) and opacity (0 … 1) of a colour, however it is written. */
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

function behind(element) {
  for (let each = element; each; each = each.parentElement) {
    const colour = colourOf(getComputedStyle(each).backgroundColor)
    if (colour[3] > 0.99) return colour
  }
  return [255, 255, 255, 1]
}

/** Texts of less than 4.5 : 1 against what is behind them (3 : 1 where they are large), as WCAG 2.2 AA asks for. */
function illegible() {
  const found = new Set()
  for (const element of document.querySelectorAll('body *')) {
    const own = [...element.childNodes].some(
      (node) => node.nodeType === Node.TEXT_NODE && node.textContent.trim() !== '',
    )
    if (!own || element.closest(':disabled, script, noscript')) continue
    const { color, fontSize, fontWeight } = getComputedStyle(element)
    const [a, b] = [luminance(colourOf(color)), luminance(behind(element))]
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)
    const size = Number.parseFloat(fontSize)
    const large = size >= 24 || (size >= 18.66 && Number(fontWeight) >= 700)
    if (ratio < (large ? 3 : 4.5))
      found.add(`${element.localName}.${element.className} ${ratio.toFixed(2)}: ${element.textContent}`)
  }
  return [...found]
}

/** What can be operated and has no name. */
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

/** Has each of these told, later than the newest line with `since`, something that begins with `text`? */
function told({ since, text, by }) {
  const lines = [...document.querySelectorAll('[role="log"] li')].map((line) => line.textContent)
  const from = lines.findIndex((line) => line.includes(since))
  const newest = lines.slice(0, Math.max(0, from))
  return by.every((name) => newest.some((line) => line.includes(`${name} ${text}`)))
}

globalThis.inPage = {
  illegible,
  nameless,
  told,
  width: () => document.documentElement.scrollWidth,
  animations: () => document.getAnimations().length,
  focused: () => [document.activeElement.textContent.trim(), getComputedStyle(document.activeElement).outlineWidth],
}
