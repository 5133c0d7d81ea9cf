import { canTest, canTestPages } from '@sync/brokers'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openViewer, type Viewer, waitForFigure } from '../../../../packages/admin/test/browser/viewer.ts'
import { openReference, type Reference } from '../reference.ts'
import { editUnit, faultActions, migrateTo, replicas } from './page-actions.ts'

const name = 'the page over Redis'
const able = (await canTestPages(name)) && (await canTest(name, { broker: 'redis', controllable: true }))

describe.runIf(able)(name, { timeout: 60_000 }, () => {
  let app: Reference
  let viewer: Viewer
  let page: Page
  beforeAll(async () => {
    viewer = await openViewer()
    app = await openReference({ brokers: ['redis'] })
    page = await viewer.open(app.url)
  }, 120_000)
  afterAll(async () => {
    await viewer?.[Symbol.asyncDispose]()
    await app?.[Symbol.asyncDispose]()
  })

  it('shows changing figures of one process per service', async () => {
    await page.getByText('Store: Redis · Bus: Redis Pub/Sub · one process per service').waitFor()
    await waitForFigure(page, 'Commits/s', /^[1-9]/)
    await waitForFigure(page, 'Consistency', /^100 %/)
  })

  it('shows an edit on the other replicas', () => editUnit(page))

  it.each(faultActions)('recovers from the fault: $button', ({ perform }) => perform(page, replicas))

  it('keeps the documents when the system moves to another bus', () =>
    migrateTo(page, { target: 'Bus', to: 'Redis Streams' }))

  it('logs no console errors', () => expect(viewer.consoleMessages).toEqual([]))
})
