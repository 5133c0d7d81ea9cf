import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { canTestPages } from '@sync/brokers'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { nodeHandler } from '../../src/index.ts'
import { openService, type Service } from '../service.ts'
import { figure, inPage, openViewer, type Viewer, waitForFigure } from './viewer.ts'

const HTML_KEY = '<img src=x onerror="document.title=1">'

describe.runIf(await canTestPages('the admin page'))('the admin page', { timeout: 60_000 }, () => {
  let service: Service
  let server: Server
  let viewer: Viewer
  let page: Page
  let url: string
  beforeAll(async () => {
    service = await openService({ authorize: (_request, { type }) => type !== 'catch-up', showValues: true })
    const { orders, remote } = service
    await remote.set('o-1', { status: 'open', customer: 'Ann' })
    await orders.assign('o-1', { status: '<script>document.title=1</script>' }, { meta: { actor: '<b>Ben</b>' } })
    await orders.set(HTML_KEY, { status: 'open', customer: 'Eve' })
    const handle = nodeHandler(service.admin)
    server = createServer((request, response) => handle(request, response))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/admin`
    viewer = await openViewer()
    page = await viewer.open(url, { viewport: { width: 1_280, height: 900 } })
  }, 120_000)
  afterAll(async () => {
    await viewer?.[Symbol.asyncDispose]()
    server?.closeAllConnections()
    server?.close()
    await service?.[Symbol.asyncDispose]()
  })

  const inspect = async (key: string): Promise<void> => {
    await page.getByLabel('Key', { exact: true }).fill(key)
    await page.getByRole('button', { name: 'Show document' }).click()
  }

  it('shows live figures', async () => {
    expect(await figure(page, 'Documents cached')).toMatch(/^2/)
    await service.remote.set('o-2', { status: 'open', customer: 'Ann' })
    await waitForFigure(page, 'Documents cached', /^3/)
    await page.getByRole('row', { name: /^api .*live/ }).waitFor()
    await page.getByRole('row', { name: /eu\/order api 4 4 0/ }).waitFor()
    await page.getByRole('img', { name: /^Changes per second/ }).waitFor()
  })

  it('shows a document with the version of each field and its recent changes', async () => {
    await inspect('o-1')
    const fields = page.getByRole('region', { name: 'Fields' })
    await fields.getByRole('row', { name: /^status 2/ }).waitFor()
    await fields.getByRole('row', { name: 'customer 1 "Ann"' }).waitFor()
    await page.getByRole('list', { name: 'Recent changes' }).getByText('created').waitFor()
  })

  it('shows keys, values and authors with markup as text', async () => {
    await inspect('o-1')
    await page.getByText('by <b>Ben</b>').waitFor()
    await page.getByText('<script>document.title=1</script>').waitFor()
    await inspect(HTML_KEY)
    await page.locator('.key', { hasText: HTML_KEY }).waitFor()
    expect(await page.locator('#app img, #app script').count()).toBe(0)
    expect(await page.title()).toBe('Sync admin')
  })

  it('moves the focus to the error of an incomplete form', async () => {
    await inspect('')
    await page.getByRole('alert').getByText('Enter the key of a document.').waitFor()
    expect((await inPage<string[]>(page, 'focused'))[0]).toBe('Enter the key of a document.')
  })

  it('runs allowed actions, and shows why another is refused', async () => {
    await page.getByRole('button', { name: 'Verify api' }).click()
    await page.getByText('3 documents compared with the store, 0 differ.').waitFor()
    await page.getByRole('button', { name: 'Catch up api' }).click()
    await page.getByRole('alert').getByText('this action is not allowed').waitFor()
    await inspect('o-1')
    await page.getByRole('button', { name: 'Evict and reload' }).click()
    await page.getByText('Evict and reload: done.').waitFor()
  })

  it('can be operated with the keyboard', async () => {
    await page.getByLabel('Key', { exact: true }).focus()
    await page.keyboard.type('o-2')
    await page.keyboard.press('Tab')
    expect(await inPage(page, 'focused')).toEqual(['Show document', '3px'])
    await page.keyboard.press('Enter')
    await page.locator('.key', { hasText: 'o-2' }).waitFor()
  })

  it('has accessible names and sufficient contrast in the light and dark themes', async () => {
    expect(await inPage(page, 'nameless')).toEqual([])
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
      expect(await inPage(page, 'illegible'), colorScheme).toEqual([])
    }
    expect(await inPage(page, 'animations')).toBe(0)
  })

  it.each([320, 390, 768, 1_280])('fits a window of %d px width', async (width) => {
    await page.setViewportSize({ width, height: 800 })
    await vi.waitUntil(async () => (await inPage(page, 'width')) === width, { timeout: 10_000 })
  })

  it('cannot be framed, read or operated by a page of another origin', async () => {
    const foreign = createServer((_request, response) => {
      response
        .writeHead(200, { 'content-type': 'text/html' })
        .end('<!doctype html><title>evil</title><h2>Instances</h2>')
    }).listen(0, '127.0.0.1')
    await once(foreign, 'listening')
    const other = await viewer.open(`http://localhost:${(foreign.address() as AddressInfo).port}`)
    const refused = await other.evaluate(
      `Promise.all([
        fetch('${url}/api/stream').then(() => 'read', () => 'refused'),
        fetch('${url}/api/action', { method: 'POST', mode: 'no-cors', body: '{"type":"verify","instance":"api"}' }).then(() => 'sent', () => 'refused'),
        new Promise((done) => {
          const source = new EventSource('${url}/api/stream')
          source.onmessage = () => done('read')
          source.onerror = () => done('refused')
        }),
      ])`,
    )
    expect(refused).toEqual(['refused', 'refused', 'refused'])
    foreign.closeAllConnections()
    foreign.close()
    await other.close()
    viewer.consoleMessages.length = 0
  })

  it('shows an alert when the connection to the server is lost', async () => {
    expect(viewer.consoleMessages).toEqual([])
    service.admin.close()
    await page.getByRole('alert').getByText('No connection to the server.').waitFor()
  })
})
