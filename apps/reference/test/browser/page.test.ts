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

  it('shows figures that move, and stand still when the feed does', async () => {
    const first = await figure(page, 'Commits/s')
    await waitUntil(page, `document.querySelector('.tile dd').textContent !== ${JSON.stringify(first)}`)
    await page.getByRole('button', { name: 'Pause' }).click()
    await waitForFigure(page, 'Commits/s', /^0\b/)
    await page.getByRole('button', { name: 'Pause', pressed: true }).waitFor()
    await page.getByRole('button', { name: '200/s', exact: true }).click()
    await page.getByRole('img', { name: /^Commits per second: commits\/s [1-9]/ }).waitFor()
  })

  it('shows an edit at one replica at the others, and who made it', async () => {
    await editUnit(page)
    await page.getByLabel('Document').fill('unit-002')
    const lines = page.getByRole('region', { name: 'Who changed what' })
    await lines.getByRole('row', { name: /Ann at replica 1 unit-002 v\d+ unitName Wind Park B.*Wind Park Z/ }).waitFor()
  })

  it('merges what two write at once, and tells how', async () => {
    await page.getByLabel('Unit', { exact: true }).selectOption('unit-001')
    await page.getByLabel('Field', { exact: true }).selectOption('demand')
    const [ann, ben] = [
      page.getByRole('group', { name: 'First writer' }),
      page.getByRole('group', { name: 'Second writer' }),
    ]
    await ann.getByLabel('Writes').fill('400')
    await ben.getByLabel('Writes').fill('410.4')
    await page.getByRole('button', { name: 'Both write at once' }).click()
    const told = page.getByRole('status', { name: 'What came of it' })
    await told.getByText('All 3 replicas hold 405.2 at document version').waitFor()
    await told.getByText(/Conflict: it expected document version 1 and found version 2/).waitFor()
    await waitForFigure(page, 'Conflicts', /^[1-9]/)
  })

  it('explains a write on a condition that no longer holds', async () => {
    await page.getByRole('button', { name: 'First writes if unchanged' }).click()
    const told = page.getByRole('status', { name: 'What came of it' })
    await told.getByText(/only if the field was still at version 3. Conflict: the store has version 4/).waitFor()
    await told.getByText('All 3 replicas hold 410.4').waitFor()
  })

  it('says what is wrong with what was typed in', async () => {
    await page.getByRole('group', { name: 'First writer' }).getByLabel('Writes').fill('-1')
    await page.getByRole('button', { name: 'Only the first writes' }).click()
    await page.getByRole('alert').getByText('demand: a number from 0 to 1000000 is needed').waitFor()
    // the browser notes each answer of 400
    expect(viewer.complaints.every((text) => text.includes('400'))).toBe(true)
    await page.getByRole('button', { name: 'Dismiss' }).click()
  })

  it.each(faultActions)('finds and mends it: $button', async ({ perform }) => {
    await perform(page, replicas)
  })

  it('moves to another bus and to another store with the same documents', async () => {
    await migrateTo(page, { what: 'Bus', to: 'memory, 20 ms late' })
    await migrateTo(page, { what: 'Store', to: 'memory two' })
  })

  it('names all that can be operated, and is legible in light and in dark', async () => {
    expect(await inPage(page, 'nameless')).toEqual([])
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
      expect(await inPage(page, 'illegible'), colorScheme).toEqual([])
    }
    expect(await inPage(page, 'animations')).toBe(0)
  })

  it('can be operated by keyboard', async () => {
    await page.getByRole('button', { name: 'Pause' }).focus()
    await page.keyboard.press('Enter')
    await page.locator('button:focus[aria-pressed="true"]', { hasText: 'Pause' }).waitFor()
    await page.keyboard.press('Tab')
    expect(await inPage(page, 'focused')).toEqual(['20/s', '3px'])
    await page.keyboard.press('Space')
    await page.getByRole('button', { name: '20/s', exact: true, pressed: true }).waitFor()
  })

  it.each([320, 390, 768, 1_280])('fits a window %d px wide', async (width) => {
    await page.setViewportSize({ width, height: 800 })
    await vi.waitUntil(async () => (await inPage(page, 'width')) === width, { timeout: 10_000 })
  })

  it('complained of nothing but the refused edit', () => {
    expect(viewer.complaints.filter((text) => !text.includes('400'))).toEqual([])
  })
})
