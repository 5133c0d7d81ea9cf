import { readFile } from 'node:fs/promises'
import { canTest, createCertificate, startKafka } from '@sync/brokers'
import { kafkaBus } from '@sync/kafka'
import { describe, expect, it, vi } from 'vitest'
import { change } from './change.ts'

const scope = { partition: 'p', section: 's' }

describe.runIf(await canTest('Kafka with TLS and a password', { broker: 'kafka', controllable: true }))(
  'kafkaBus({ tls, sasl })',
  () => {
    it('connects with a certificate and a password, and rejects calls when one of them is missing', async () => {
      const { cert, certFile, keyFile, combinedFile } = await createCertificate()
      const key = await readFile(keyFile, 'utf8')
      const config = {
        'listener.security.protocol.map': 'CLIENT:SASL_SSL,PROXIED:PLAINTEXT,INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT',
        'listener.name.client.ssl.keystore.type': 'PEM',
        'listener.name.client.ssl.keystore.location': combinedFile,
        'listener.name.client.ssl.truststore.type': 'PEM',
        'listener.name.client.ssl.truststore.location': certFile,
        'listener.name.client.ssl.client.auth': 'required',
        'listener.name.client.plain.sasl.jaas.config':
          'org.apache.kafka.common.security.plain.PlainLoginModule required user_ann="s3cr3t";',
        'sasl.enabled.mechanisms': 'PLAIN',
      }
      const sasl = { mechanism: 'plain', username: 'ann', password: 's3cr3t' } as const
      await using kafka = await startKafka({ config, connection: { ssl: { ca: cert, cert, key }, sasl } })
      for (const client of ['kafkajs', 'platformatic'] as const) {
        const tls = { ca: cert, cert, key }
        await using bus = kafkaBus(`kafka://ann:s3cr3t@${kafka.address}`, { client, tls })
        let received = 0
        await bus.subscribe(scope, () => received++)
        await bus.publish(scope, [change(1)])
        await vi.waitFor(() => expect(received).toBe(1), { timeout: 10_000, interval: 5 })

        const wrongSasl = { ...sasl, password: 'guess' }
        await using wrongPassword = kafkaBus([kafka.address], { client, tls, sasl: wrongSasl })
        await expect(wrongPassword.publish(scope, [change(2)]), client).rejects.toMatchObject({ code: 'SYNC_KAFKA' })

        const withoutCertificate = { client, tls: { ca: cert }, sasl, timeout: '1s' } as const
        await using anonymous = kafkaBus([kafka.address], withoutCertificate)
        const publishing = anonymous.publish(scope, [change(3)])
        await expect(publishing, client).rejects.toMatchObject({ code: 'SYNC_BUS_UNAVAILABLE' })
      }
    }, 90_000)
  },
)
