//! Fetching the files of all environments at the same time, and checking each.

use common::console::Console;
use common::fetch::{self, Address, Answer, Fetched, Fetcher, Request, Validators};
use common::receipt::Delivery as Journey;
use common::requirement::refuse_cut_off;
use common::sources::SourceFile;
use jiff::Timestamp;

use super::{Delivered, Delivery, Wanted, login};
use crate::error::Error;
use crate::network::Network;

struct Job<'a> {
    environment: usize,
    wanted: Wanted<'a>,
    file: &'a SourceFile,
    address: Option<Address>,
}

/// Fetches and checks everything that `wanted` names; either all of it is good, or nothing is given.
pub fn gather(
    wanted: &[Wanted<'_>],
    network: Network,
    now: Timestamp,
    console: &Console,
) -> Result<Vec<Delivery>, Error> {
    let mut jobs = Vec::new();
    for (environment, wanted) in wanted.iter().enumerate() {
        let addresses = network.addresses(wanted.mode, wanted.version, wanted.environment)?;
        for (file, address) in wanted.mode.files.iter().zip(addresses) {
            jobs.push(Job { environment, wanted: *wanted, file, address });
        }
    }
    // Setting up TLS reads every authority: not for nothing.
    let is_remote = jobs.iter().any(|job| job.address.is_some());
    let fetcher = if is_remote {
        Some(network.fetcher(jobs.iter().filter_map(|job| job.address.as_ref()))?)
    } else {
        None
    };
    let results = fetch::each(&jobs, |job| one(job, fetcher.as_ref(), now, console));
    let mut deliveries: Vec<Delivery> = wanted.iter().map(|_| Delivery::default()).collect();
    let mut failures = Vec::new();
    for (job, result) in jobs.iter().zip(results) {
        match result {
            Ok(delivered) => deliveries[job.environment].files.push(delivered),
            Err(error) => failures.push(error),
        }
    }
    match failures.pop() {
        None => Ok(deliveries),
        Some(last) => {
            // The last one is told when it ends the run.
            for failure in &failures {
                common::cli::tell(failure, console);
            }
            Err(last)
        }
    }
}

fn one(
    job: &Job<'_>,
    fetcher: Option<&Fetcher>,
    now: Timestamp,
    console: &Console,
) -> Result<Delivered, Error> {
    let environment = || job.wanted.environment.to_owned();
    let Some((address, fetcher)) = job.address.as_ref().zip(fetcher) else {
        let nowhere = || Error::SourceUrl { reason: format!("{} comes from nowhere", job.file.local) };
        let literal = Delivered::literal(job.file).ok_or_else(nowhere)?;
        let origin = format!("{} in sources.json", job.file.local);
        login::refuse(job.wanted, &origin, &literal.bytes)?;
        job.file.kind.check(&literal.bytes, &origin, None).map_err(|e| Error::bad(environment(), e))?;
        return Ok(literal);
    };
    console.status(format_args!("fetching {address}"));
    let request = Request { address: address.clone(), known: Validators::default() };
    let failed = |source| Error::Fetch { environment: environment(), source };
    match fetcher.get(&request).map_err(failed)? {
        Answer::File(came) => {
            login::refuse(job.wanted, &address.to_string(), &came.body)?;
            check(job.file, &came, address).map_err(|error| Error::bad(environment(), error))?;
            Ok(received(job.file, came, address, now))
        }
        Answer::Same => Err(Error::NothingCame { url: address.to_string() }),
    }
}

fn check(
    file: &SourceFile,
    fetched: &Fetched,
    address: &Address,
) -> Result<(), common::requirement::BadDelivery> {
    let origin = address.to_string();
    file.kind.check(&fetched.body, &origin, fetched.content_type.as_deref())?;
    if fetched.is_sealed { Ok(()) } else { refuse_cut_off(&fetched.body, &origin) }
}

fn received(file: &SourceFile, fetched: Fetched, address: &Address, now: Timestamp) -> Delivered {
    let Fetched { body, final_url, status, validators, .. } = fetched;
    let Validators { etag, last_modified } = validators;
    let journey = Journey { url: address.to_string(), final_url, status, etag, last_modified, at: now };
    Delivered::new(file, body, Some(journey))
}
