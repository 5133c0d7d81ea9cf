import { canTest, canTestPages } from '@sync/brokers'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openReference, type Reference } from '../reference.ts'
import { editUnit, faultActions, migrateTo, replicas } from './page-actions.ts'
import { openViewer, type Viewer, waitForFigure } from './viewer.ts'

const what = 'the page over Redis'
const able = (await canTestPages(what)) && (await canTest(what, { broker: 'redis', controllable: true }))

describe.runIf(able)(what, { timeout: 60_000 }, () => {
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

  it('shows figures that move, of a process each', async () => {
    await page.getByText('store Redis · bus Redis Pub/Sub · a process each').waitFor()
    await waitForFigure(page, 'Commits/s', /^[1-9]/)
    await waitForFigure(page, 'Consistency', /^100 %/)
  })

  it('shows an edit at one replica at the others', () => editUnit(page))

  it.each(faultActions)('finds and mends it: $button', ({ perform }) => perform(page, replicas))

  it('moves to another bus with the same documents', () => migrateTo(page, { what: 'Bus', to: 'Redis Streams' }))

  it('complained of nothing', () => expect(viewer.complaints).toEqual([]))
})
