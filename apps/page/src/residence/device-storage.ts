// Two records in IndexedDB. They would fit into localStorage, but browsers keep IndexedDB longest, and IndexedDB reports a failed write.

/** Stores one record on this device, with the person's consent. Every method may reject, for example in a private window. */
export interface DeviceStorage {
  read(): Promise<unknown>;
  /**
   * @returns false if there is a record already; it is not changed
   */
  create(value: unknown): Promise<boolean>;
  replace(value: unknown): Promise<void>;
  remove(): Promise<void>;
}

const DATABASE = 'communique-tee';
const STORE = 'residence';

/** @param record `secret`: the person's secret; `sent`: the campaigns in which it was used */
export function deviceStorage(record: 'secret' | 'sent'): DeviceStorage {
  return {
    read: () => within('readonly', (store) => store.get(record)),
    async create(value) {
      return within('readwrite', (store) => store.add(value, record)).then(
        () => true,
        (error: unknown) => {
          if (error instanceof DOMException && error.name === 'ConstraintError') return false;
          throw error;
        },
      );
    },
    async replace(value) {
      await within('readwrite', (store) => store.put(value, record));
    },
    async remove() {
      await within('readwrite', (store) => store.delete(record));
    },
  };
}

/** Runs one transaction, and resolves when the browser reports it as written. */
async function within<T>(mode: IDBTransactionMode, work: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const database = await open();
  try {
    const transaction = database.transaction(STORE, mode, { durability: 'strict' });
    const request = work(transaction.objectStore(STORE));
    await new Promise<void>((resolve, reject) => {
      const fail = (): void => {
        reject(request.error ?? transaction.error ?? new Error('the browser did not say why'));
      };
      transaction.oncomplete = () => {
        resolve();
      };
      transaction.onabort = fail;
      transaction.onerror = fail;
    });
    return request.result;
  } finally {
    database.close();
  }
}

function open(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore(STORE);
    };
    request.onsuccess = () => {
      resolve(request.result);
    };
    request.onerror = () => {
      reject(request.error ?? new Error('the browser did not say why'));
    };
    request.onblocked = () => {
      reject(new Error('another tab holds the storage'));
    };
  });
}
