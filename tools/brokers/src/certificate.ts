import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createTempDir } from './process/temp-dir.ts'

const run = promisify(execFile)

/** A self-signed certificate for `localhost` and 127.0.0.1. Clients trust it if they are given it as their `ca`. */
export interface Certificate {
  /** The certificate in PEM format. */
  readonly cert: string
  readonly certFile: string
  readonly keyFile: string
  /** A file with both key and certificate. */
  readonly combinedFile: string
}

/** Creates a certificate that is valid for one day. Its files are deleted when this process ends. Requires `openssl`. */
export async function createCertificate(): Promise<Certificate> {
  const folder = await createTempDir('certificate')
  const [certFile, keyFile, combinedFile] = [
    join(folder, 'cert.pem'),
    join(folder, 'key.pem'),
    join(folder, 'both.pem'),
  ]
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-noenc', '-x509', '-days', '1']
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1']
  await run('openssl', ['req', ...kind, ...subject, '-keyout', keyFile, '-out', certFile])
  const [cert, key] = await Promise.all([certFile, keyFile].map((file) => readFile(file, 'utf8')))
  await writeFile(combinedFile, `${key}${cert}`)
  return { cert: `${cert}`, certFile, keyFile, combinedFile }
}
