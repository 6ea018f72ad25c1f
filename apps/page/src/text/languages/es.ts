import type { Catalogue } from '../text';

/** Spanish, as it is spoken in the United States; the reader is addressed as "usted". */
const spanish: Catalogue = {
  common: {
    title: 'Escriba al Congreso en privado',
    wordmark: 'communiqué',
    skip: 'Saltar al contenido',
    pages: 'Páginas',
    write: 'Escribir',
    verify: 'Verificar',
    status: 'Estado',
    api: 'API',
    language: 'Idioma',
    noThirdParty: 'Esta página no carga nada de terceros ni guarda cookies.',
    optional: 'opcional',
    details: 'Detalles',
    copy: 'Copiar',
    copied: 'Copiado',
    pageFault: 'Esta página tiene un error. La consola de su navegador muestra los detalles.',
  },
  trust: {
    checking: 'Comprobando el enclave …',
    verified: 'Enclave verificado',
    refused: 'No verificado. El envío está bloqueado.',
    unreachable: 'El servidor no responde. El envío está bloqueado.',
    demo: 'DEMO',
    demoMeaning: 'Hardware inventado y un Congreso simulado. No prueba nada: no escriba nada real.',
    seeProof: 'Ver la prueba',
    again: 'Comprobar de nuevo',
  },
  verify: {
    title: 'Lo que prueba este enclave',
  },
  status: {
    title: 'Estado',
  },
  write: {
    title: 'Escriba al Congreso en privado',
    lead: 'Su mensaje se sella en su dispositivo. Solo un enclave verificado puede abrirlo; el servidor intermedio no puede.',
  },
};
export default spanish;
