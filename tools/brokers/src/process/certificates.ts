import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { BrokerError } from '../broker-error.js'
import { findProgram, thisHost } from '../locate/host.js'
import { run } from './run.js'

export interface Certificates {
  /** The authority, as PEM: what a client has to trust. */
  readonly ca: string
  readonly caFile: string
  readonly certificateFile: string
  readonly keyFile: string
}

const extensions = `
subjectAltName = DNS:localhost, IP:127.0.0.1
basicConstraints = CA:FALSE
keyUsage = digitalSignature, keyEncipherment
extendedKeyUsage = serverAuth
`

/**
 * An authority and a server certificate of it, for 127.0.0.1 and localhost, for a day.
 *
 * @throws BrokerError `MISSING` without openssl: Node reads certificates and cannot make them
 */
export async function makeCertificates(parent: string): Promise<Certificates> {
  const openssl = findProgram('openssl', thisHost)
  if (openssl === undefined) {
    throw new BrokerError('MISSING', 'tls needs the program openssl (Debian: apt-get install openssl)')
  }
  const folder = join(parent, 'tls')
  await mkdir(folder)
  await writeFile(join(folder, 'extensions.cnf'), extensions)
  const make = (...args: readonly string[]): Promise<string> => run(openssl, args, { cwd: folder })
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'] as const
  await make('req', '-x509', ...key, '-keyout', 'ca.key', '-out', 'ca.pem', '-days', '1', '-subj', '/CN=Sluice test CA')
  await make('req', ...key, '-keyout', 'server.key', '-out', 'server.csr', '-subj', '/CN=localhost')
  const signed = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '1', '-extfile', 'extensions.cnf']
  await make('x509', '-req', '-in', 'server.csr', '-out', 'server.pem', ...signed)
  const caFile = join(folder, 'ca.pem')
  return {
    ca: await readFile(caFile, 'utf8'),
    caFile,
    certificateFile: join(folder, 'server.pem'),
    keyFile: join(folder, 'server.key'),
  }
}
