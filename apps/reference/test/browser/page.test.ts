import { canTestPages } from '@sync/brokers'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import {
  figure,
  inPage,
  openViewer,
  type Viewer,
  waitForFigure,
  waitUntil,
} from '../../../../packages/admin/test/browser/viewer.ts'
import { openReference, type Reference } from '../reference.ts'
import { editUnit, faultActions, migrateTo, replicas } from './page-actions.ts'

describe.runIf(await canTestPages('the page'))('the page', { timeout: 60_000 }, () => {
  let app: Reference
  let viewer: Viewer
  let page: Page
  beforeAll(async () => {
    viewer = await openViewer()
    app = await openReference()
    page = await viewer.open(app.url, { viewport: { width: 1_280, height: 1_000 } })
  }, 120_000)
  afterAll(async () => {
    await viewer?.[Symbol.asyncDispose]()
    await app?.[Symbol.asyncDispose]()
  })

  it('shows changing figures, which stop when the feed is paused', async () => {
    const first = await figure(page, 'Commits/s')
    await waitUntil(page, `document.querySelector('.tile dd').textContent !== ${JSON.stringify(first)}`)
    await page.getByRole('button', { name: 'Pause' }).click()
    await waitForFigure(page, 'Commits/s', /^0\b/)
    await page.getByRole('button', { name: 'Pause', pressed: true }).waitFor()
    await page.getByRole('button', { name: '200/s', exact: true }).click()
    await page.getByRole('img', { name: /^Commits per second: commits\/s [1-9]/ }).waitFor()
  })

  it('shows an edit on the other replicas, and its author in the change history', async () => {
    await editUnit(page)
    await page.getByLabel('Filter by key').fill('unit-002')
    const lines = page.getByRole('region', { name: 'Change history' })
    await lines.getByRole('row', { name: /Ann on replica 1 unit-002 v\d+ unitName Wind Park B.*Wind Park Z/ }).waitFor()
  })

  it('merges two concurrent edits, and explains the result', async () => {
    await page.getByLabel('Unit', { exact: true }).selectOption('unit-001')
    await page.getByLabel('Field', { exact: true }).selectOption('demand')
    const [ann, ben] = [
      page.getByRole('group', { name: 'First writer' }),
      page.getByRole('group', { name: 'Second writer' }),
    ]
    await ann.getByLabel('New value').fill('400')
    await ben.getByLabel('New value').fill('410.4')
    await page.getByRole('button', { name: 'Write both at once' }).click()
    const result = page.getByRole('status', { name: 'Result' })
    await result.getByText('All 3 replicas have 405.2 at document version').waitFor()
    await result.getByText(/Conflict: it expected document version 1, but the document was at version 2/).waitFor()
    await waitForFigure(page, 'Conflicts', /^[1-9]/)
  })

  it('explains a failed compare-and-set', async () => {
    await page.getByRole('button', { name: 'Write first if unchanged' }).click()
    const result = page.getByRole('status', { name: 'Result' })
    await result.getByText(/required field version 3 to write .* Conflict: the field is at version 4/).waitFor()
    await result.getByText('All 3 replicas have 410.4').waitFor()
  })

  const positionOf = (selector: string): Promise<number> =>
    page.evaluate(`document.querySelector('${selector}').getBoundingClientRect().top + scrollY`)

  it('shows the error of an invalid value beside the form, moves the focus to it, and shifts nothing', async () => {
    const before = await positionOf('.tiles')
    await page.getByRole('group', { name: 'First writer' }).getByLabel('New value').fill('-1')
    await page.getByRole('button', { name: 'Write first only' }).click()
    const text = 'demand: expected a number from 0 to 1000000'
    await page.locator('form').getByRole('alert').getByText(text).waitFor()
    expect((await inPage<string[]>(page, 'focused'))[0]).toBe(text)
    expect(await page.locator('form [aria-invalid="true"]').count()).toBe(2)
    expect(await positionOf('.tiles')).toBe(before)
    // the browser logs every response with status 400
    expect(viewer.consoleMessages.every((message) => message.includes('400'))).toBe(true)
    await page.getByRole('button', { name: 'Suggest values' }).click()
    await page.getByRole('button', { name: 'Write first only' }).click()
    await page.locator('.form-error').waitFor({ state: 'detached' })
  })

  it('shows edits by people first, and combines the changes of the feed', async () => {
    const history = page.locator('.journal')
    await page.getByLabel('Filter by key').fill('')
    await history
      .getByRole('row', { name: /Ann on replica 1/ })
      .first()
      .waitFor()
    expect(await history.getByRole('row', { name: /ingest/ }).count()).toBe(0)
    await page.getByLabel('Show', { exact: true }).selectOption('Outages')
    await history
      .getByRole('row', { name: /ingest \d+ changes? in \d+ outages?$/ })
      .first()
      .waitFor()
    await history.hover()
    await page.getByText('Paused while you read').waitFor()
    const shown = await history.textContent()
    await waitForFigure(page, 'Commits/s', /^[1-9]/)
    expect(await history.textContent()).toBe(shown)
    await page.mouse.move(0, 0)
    await waitUntil(page, `document.querySelector('.journal').textContent !== ${JSON.stringify(shown)}`)
    await page.getByLabel('Show', { exact: true }).selectOption('Edits by people')
  })

  it('shows a document of a replica with its versions and its latest changes', async () => {
    await page.getByLabel('Read from').selectOption('Forecast units on replica 3')
    await page.getByLabel('Key', { exact: true }).fill('unit-002')
    await page.getByRole('button', { name: 'Show document' }).click()
    await page
      .getByRole('region', { name: 'Fields' })
      .getByRole('row', { name: /^unitName 2 "Wind Park Z"/ })
      .waitFor()
    await page
      .getByRole('list', { name: 'Recent changes' })
      .getByText(/changed unitName by Ann/)
      .waitFor()
  })

  it('shows a replica that is cut off as cut off, on its path and in every table', async () => {
    const cut = page.getByRole('button', { name: 'Cut off on replica 2' })
    await cut.click()
    await page.locator('.fan li', { hasText: 'replica 2' }).locator('.edge.bad', { hasText: 'cut off' }).waitFor()
    await page.getByRole('row', { name: /^replica 2 .*cut off/ }).waitFor()
    expect(await page.getByRole('row', { name: /^replica 2 .*live/ }).count()).toBe(0)
    await cut.click()
    await page.getByText('No active faults.').waitFor()
    await page.getByRole('row', { name: /^replica 2 .*live/ }).waitFor()
  })

  it.each(faultActions)('recovers from the fault: $button', async ({ perform }) => {
    await perform(page, replicas)
  })

  it('keeps the documents when the system moves to another bus and another store', async () => {
    await migrateTo(page, { target: 'Bus', to: 'memory with 20 ms delay' })
    await migrateTo(page, { target: 'Store', to: 'memory 2' })
  })

  it('separates the time from the text in the lists of events and alerts', async () => {
    await page
      .getByRole('listitem')
      .filter({ hasText: /^\s*\d\d:\d\d:\d\d propagation p95/ })
      .first()
      .waitFor()
  })

  it('keeps columns in place while figures change', async () => {
    const columns = (): Promise<number[]> =>
      page.evaluate(
        `[...document.querySelectorAll('.stacked th, .outages th')].map((cell) => Math.round(cell.getBoundingClientRect().left))`,
      )
    await page.getByRole('button', { name: '20/s', exact: true }).click()
    await waitForFigure(page, 'Commits/s', /^[1-4]\d\b/)
    const before = await columns()
    await page.getByRole('button', { name: '1,000/s', exact: true }).click()
    await waitForFigure(page, 'Commits/s', /^\d{3}|,/)
    expect(await columns()).toEqual(before)
    await page.getByRole('button', { name: '200/s', exact: true }).click()
  })

  it('keeps a pressed button legible under the pointer', async () => {
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
      await page.getByRole('button', { pressed: true }).first().hover()
      expect(await inPage(page, 'illegible'), colorScheme).toEqual([])
    }
  })

  it('shows a chart only when it has figures', async () => {
    const text =
      await page.evaluate(`Promise.all([import('/html.js'), import('/instruments/chart.js')]).then(([{ html, render }, { Chart }]) => {
      const root = document.createElement('div')
      render(html\`<\${Chart} title="Empty" points=\${[]} lines=\${[{ label: 'a', of: 'a', ink: '--one' }]} />\`, root)
      return [root.textContent, root.querySelectorAll('canvas').length]
    })`)
    expect(text).toEqual(['EmptyCollecting the first figures…', 0])
  })

  it.each([
    [131_000, 96_500, 'new documents only so far'],
    [0, 0, 'new documents only so far'],
    [50_000, 100_000, '50.0 % of 100.0 kB'],
  ])('describes patches of %d in place of documents of %d units', async (patches, documents, expected) => {
    expect(
      await page.evaluate(`import('/tiles.js').then((tiles) => tiles.describeShare(${patches}, ${documents}))`),
    ).toBe(expected)
  })

  it('has accessible names and sufficient contrast in the light and dark themes', async () => {
    expect(await inPage(page, 'nameless')).toEqual([])
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
      expect(await inPage(page, 'illegible'), colorScheme).toEqual([])
    }
    expect(await inPage(page, 'animations')).toBe(0)
  })

  it('supports the keyboard', async () => {
    await page.getByRole('button', { name: 'Pause' }).focus()
    await page.keyboard.press('Enter')
    await page.locator('button:focus[aria-pressed="true"]', { hasText: 'Pause' }).waitFor()
    await page.keyboard.press('Tab')
    expect(await inPage(page, 'focused')).toEqual(['20/s', '3px'])
    await page.keyboard.press('Space')
    await page.getByRole('button', { name: '20/s', exact: true, pressed: true }).waitFor()
  })

  it.each([320, 390, 768, 1_280])('fits a window of %d px width', async (width) => {
    await page.setViewportSize({ width, height: 800 })
    await vi.waitUntil(async () => (await inPage(page, 'width')) === width, { timeout: 10_000 })
  })

  it('leaves no tile alone and hides no column on a phone', async () => {
    await page.setViewportSize({ width: 390, height: 844 })
    const edges = await page.evaluate(
      `['.tiles', '.tile:last-child'].map((each) => Math.round(document.querySelector(each).getBoundingClientRect().right))`,
    )
    expect(new Set(edges as number[]).size).toBe(1)
    expect(
      await page.evaluate(
        `(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)(document.querySelector('.stacked').parentElement)`,
      ),
    ).toBe(0)
    for (const hint of await page.locator('.scroll-hint').all()) await hint.waitFor()
    await page.setViewportSize({ width: 1_280, height: 1_000 })
  })

  it('keeps the state of a replica inside its box on a phone', async () => {
    await page.setViewportSize({ width: 390, height: 844 })
    // a copy with the longest state, because the page shows it only for moments
    const overflow = await page.evaluate(`(() => {
      const node = document.querySelector('.fan .node')
      const copy = node.cloneNode(true)
      copy.querySelector('.node-state').firstElementChild.textContent = '▲ catching up'
      node.parentElement.append(copy)
      const overflow = copy.scrollWidth - copy.clientWidth
      copy.remove()
      return overflow
    })()`)
    expect(overflow).toBe(0)
    await page.setViewportSize({ width: 1_280, height: 1_000 })
  })

  it('logs no console errors except the rejected edit', () => {
    expect(viewer.consoleMessages.filter((text) => !text.includes('400'))).toEqual([])
  })
})
