import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { nodeHandler } from '../../src/index.ts'
import { openService } from '../service.ts'
import { openViewer } from './viewer.ts'

// Renews the screenshots of the README: the page under a small load, in the light and dark themes.
const folder = join(import.meta.dirname, '../../../../docs/images')
const SECONDS_OF_LOAD = 20
const WRITE_MS = 40

await using service = await openService({ authorize: () => true, showValues: true })
const handle = nodeHandler(service.admin)
const server = createServer((request, response) => handle(request, response)).listen(0, '127.0.0.1')
await once(server, 'listening')
await using viewer = await openViewer()
const page = await viewer.open(`http://127.0.0.1:${(server.address() as AddressInfo).port}/admin`, {
  viewport: { width: 1_200, height: 1_020 },
})
const { orders, remote } = service
await orders.set('o-1', { status: 'open', customer: 'Ann' }, { meta: { actor: 'Ann', ticket: 'T-17' } })
let written = 0
const timer = setInterval(() => {
  void remote.set(`o-${2 + (written % 400)}`, { status: 'open', customer: `customer ${written++}` })
}, WRITE_MS)
await setTimeout((SECONDS_OF_LOAD * 1_000) / 2)
await remote.assign('o-1', { status: 'paid' }, { meta: { actor: 'Ben' } })
// two writes on one state, so that the page shows a conflict
await Promise.all([orders.assign('o-9', { status: 'sent' }), remote.assign('o-9', { customer: 'Eve' })])
await setTimeout((SECONDS_OF_LOAD * 1_000) / 2)
await page.getByLabel('Key', { exact: true }).fill('o-1')
await page.getByRole('button', { name: 'Show document' }).click()
await page.getByRole('region', { name: 'Fields' }).waitFor()
for (const colorScheme of ['light', 'dark'] as const) {
  await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
  // a chart takes the theme's colours when it is next drawn, with new figures
  await setTimeout(1_500)
  await page.screenshot({ path: join(folder, `admin-${colorScheme}.png`), fullPage: true })
}
clearInterval(timer)
server.closeAllConnections()
server.close()
