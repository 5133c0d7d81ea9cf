import { canTestPages } from '@sync/brokers'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { openReference, type Reference } from '../reference.ts'
import { editUnit, faultActions, migrateTo, replicas } from './page-actions.ts'
import { figure, inPage, openViewer, type Viewer, waitForFigure, waitUntil } from './viewer.ts'

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

  it('shows the error when the new value is invalid', async () => {
    await page.getByRole('group', { name: 'First writer' }).getByLabel('New value').fill('-1')
    await page.getByRole('button', { name: 'Write first only' }).click()
    await page.getByRole('alert').getByText('demand: expected a number from 0 to 1000000').waitFor()
    // the browser logs every response with status 400
    expect(viewer.consoleMessages.every((text) => text.includes('400'))).toBe(true)
    await page.getByRole('button', { name: 'Dismiss' }).click()
  })

  it.each(faultActions)('recovers from the fault: $button', async ({ perform }) => {
    await perform(page, replicas)
  })

  it('keeps the documents when the system moves to another bus and another store', async () => {
    await migrateTo(page, { target: 'Bus', to: 'memory with 20 ms delay' })
    await migrateTo(page, { target: 'Store', to: 'memory 2' })
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

  it('logs no console errors except the rejected edit', () => {
    expect(viewer.consoleMessages.filter((text) => !text.includes('400'))).toEqual([])
  })
})
