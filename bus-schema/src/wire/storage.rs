//! Playwright's storage state.

use super::{
    enums::optional_number,
    field::{list, optional_enum, optional_finite, present},
    v1,
};
use crate::{
    error::Error,
    model::create::{Cookie, OriginState, StorageItem, StorageState},
};

impl From<&StorageState> for v1::StorageState {
    fn from(s: &StorageState) -> Self {
        Self {
            cookies: s.cookies.iter().map(Into::into).collect(),
            origins: s.origins.iter().map(Into::into).collect(),
        }
    }
}

impl TryFrom<v1::StorageState> for StorageState {
    type Error = Error;

    fn try_from(s: v1::StorageState) -> Result<Self, Error> {
        Ok(Self { cookies: list("cookies", s.cookies)?, origins: list("origins", s.origins)? })
    }
}

impl From<&Cookie> for v1::Cookie {
    fn from(c: &Cookie) -> Self {
        Self {
            name: Some(c.name.clone()),
            value: Some(c.value.clone()),
            url: c.url.clone(),
            domain: c.domain.clone(),
            path: c.path.clone(),
            expires: c.expires,
            http_only: c.http_only,
            secure: c.secure,
            same_site: optional_number(c.same_site),
            partition_key: c.partition_key.clone(),
        }
    }
}

impl TryFrom<v1::Cookie> for Cookie {
    type Error = Error;

    fn try_from(c: v1::Cookie) -> Result<Self, Error> {
        Ok(Self {
            name: present("name", c.name)?,
            value: present("value", c.value)?,
            url: c.url,
            domain: c.domain,
            path: c.path,
            expires: optional_finite("expires", c.expires)?,
            http_only: c.http_only,
            secure: c.secure,
            same_site: optional_enum("same_site", c.same_site)?,
            partition_key: c.partition_key,
        })
    }
}

impl From<&OriginState> for v1::OriginState {
    fn from(o: &OriginState) -> Self {
        Self {
            origin: Some(o.origin.clone()),
            local_storage: o.local_storage.iter().map(Into::into).collect(),
        }
    }
}

impl TryFrom<v1::OriginState> for OriginState {
    type Error = Error;

    fn try_from(o: v1::OriginState) -> Result<Self, Error> {
        Ok(Self {
            origin: present("origin", o.origin)?,
            local_storage: list("local_storage", o.local_storage)?,
        })
    }
}

impl From<&StorageItem> for v1::StorageItem {
    fn from(i: &StorageItem) -> Self {
        Self { name: Some(i.name.clone()), value: Some(i.value.clone()) }
    }
}

impl TryFrom<v1::StorageItem> for StorageItem {
    type Error = Error;

    fn try_from(i: v1::StorageItem) -> Result<Self, Error> {
        Ok(Self { name: present("name", i.name)?, value: present("value", i.value)? })
    }
}
