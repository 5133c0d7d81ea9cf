import { canTest, startNats } from '@sync/brokers'
import { describe, expect, it } from 'vitest'
import { runCli } from './run-cli.ts'

describe.runIf(await canTest('sync doctor nats://…', { broker: 'nats', controllable: true }))(
  'sync doctor nats://…',
  () => {
    it('reports version, payload, JetStream and latency of a server', async () => {
      await using nats = await startNats()
      const { code, out } = await runCli(['doctor', `${nats.url}?transport=jetstream&maxPayloadBytes=9000000`])
      expect(out).toMatch(/ok {4}version {8}NATS 2\./)
      expect(out).toMatch(/warn {2}payload .* maxPayloadBytes is 9000000 → raise max_payload/)
      expect(out).toMatch(/ok {4}jetstream {6}\d+ streams/)
      expect(out).toMatch(/ok {4}latency/)
      expect(code).toBe(0)
    })

    it('fails when the account has no JetStream', async () => {
      const accounts = {
        APP: { jetstream: 'enabled', users: [{ user: 'app', password: 'secret' }] },
        OLD: { users: [{ user: 'old', password: 's3cr3t' }] },
      }
      await using nats = await startNats({ config: { accounts }, connection: { user: 'app', pass: 'secret' } })
      const url = nats.url.replace('nats://', 'nats://old:s3cr3t@')
      const { code, out } = await runCli(['doctor', `${url}?transport=jetstream`])
      expect(out).toMatch(/fail {2}jetstream {6}not available: .* → enable JetStream/)
      expect(out).not.toContain('s3cr3t')
      expect(code).toBe(1)
      const denied = await runCli(['doctor', url.replace('s3cr3t', 'wr0ng')])
      expect(denied.out).toMatch(/fail {2}connection {5}NATS at .*: .*uthoriz/)
      expect(denied.out).not.toContain('wr0ng')
    })
  },
)
