import { join } from 'node:path'
import { openViewer, waitForFigure, waitUntil } from '../../../../packages/admin/test/browser/viewer.ts'
import { openReference } from '../reference.ts'

// Renews the screenshots of the README: the page under load, in the light and dark themes, while one replica loses
// messages and another one is cut off.
const folder = join(import.meta.dirname, '../../screenshots')
/** Seconds of data on the charts. */
const SECONDS = 30

const viewer = await openViewer()
const app = await openReference({})
try {
  const page = await viewer.open(app.url, { viewport: { width: 1_280, height: 1_120 } })
  await app.post('/rate', { rate: 1_000 })
  await app.post('/network-fault', { instance: 'replica 2', drop: 0.2 })
  await app.post('/network-fault', { instance: 'replica 3', cut: true })
  await waitUntil(page, `performance.now() > ${SECONDS * 1_000}`)
  await waitForFigure(page, 'Consistency', /^100 %/)
  await page.getByRole('button', { name: 'Write both at once' }).click()
  await page.getByText('All 3 replicas have').waitFor()
  await page.emulateMedia({ reducedMotion: 'reduce' })
  const phone = await viewer.open(app.url, { viewport: { width: 390, height: 844 } })
  await phone.screenshot({ path: join(folder, 'phone.png') })
  await phone.close()
  await page
    .locator('section', { has: page.getByRole('heading', { name: 'Concurrent edits' }) })
    .screenshot({ path: join(folder, 'edit.png') })
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.evaluate('scrollTo(0, 0)')
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    // a chart takes the theme's colours when it is next drawn, with new figures
    const now = await page.evaluate('performance.now()')
    await waitUntil(page, `performance.now() > ${Number(now) + 1_500}`)
    await page.screenshot({ path: join(folder, `${colorScheme}.png`) })
  }
} finally {
  await viewer[Symbol.asyncDispose]()
  await app[Symbol.asyncDispose]()
}
