#include "labrelay/views/hl7_names.hpp"

#include <algorithm>
#include <array>

namespace labrelay::views {
namespace {

/// Fields from 1 on, each `name` or `name:TYPE`; a TYPE that kTypes names has components.
struct SegmentRow {
    std::string_view id;
    std::string_view name;
    std::string_view fields;
};

constexpr std::array kSegments{
    SegmentRow{"MSH", "message header",
               "field separator|other separators|sending application:HD|sending site:HD|"
               "receiving application:HD|receiving site:HD|message time:TS|security|"
               "message type:MSG|control id|processing id:PT|HL7 version:VID|sequence number|"
               "continuation|accept acknowledgement wanted|application acknowledgement wanted|"
               "country|character set|language:CE|character set handling|message profile:EI"},
    SegmentRow{"PID", "patient",
               "set number|external patient id:CX|patient identifiers:CX|other patient ids:CX|"
               "patient name:XPN|mother's maiden name:XPN|birth date:TS|sex|alias:XPN|race:CE|"
               "address:XAD|county|home telephone:XTN|business telephone:XTN|language:CE|"
               "marital status:CE|religion:CE|account number:CX|social security number|"
               "driver's licence|mother's identifier:CX|ethnic group:CE|birth place|"
               "multiple birth|birth order|citizenship:CE|military status:CE|nationality:CE|"
               "death time:TS|dead"},
    SegmentRow{"PV1", "visit",
               "set number|patient class|location:PL|admission type|pre-admission number:CX|"
               "prior location:PL|attending doctor:XCN|referring doctor:XCN|"
               "consulting doctor:XCN|hospital service|temporary location:PL|pre-admission test|"
               "re-admission|admission source|ambulatory status|VIP|admitting doctor:XCN|"
               "patient type|visit number:CX"},
    SegmentRow{"ORC", "common order",
               "order control|placer order number:EI|filler order number:EI|"
               "placer group number:EI|order status|response wanted|quantity and timing|"
               "parent order|transaction time:TS|entered by:XCN|verified by:XCN|"
               "ordering provider:XCN|entering place:PL|call-back telephone:XTN|effective time:TS|"
               "control reason:CE|entering organisation:CE|entering device:CE|action by:XCN|"
               "beneficiary notice|ordering facility:XON|facility address:XAD|"
               "facility telephone:XTN|provider address:XAD|status modifier:CWE"},
    SegmentRow{"OBR", "observation request",
               "set number|placer order number:EI|filler order number:EI|test ordered:CE|"
               "priority|requested time:TS|collected from:TS|collected until:TS|"
               "collected volume|collector:XCN|specimen action|danger|clinical information|"
               "specimen received:TS|specimen source|ordering provider:XCN|"
               "call-back telephone:XTN|placer field 1|placer field 2|filler field 1|"
               "filler field 2|results reported:TS|charge|section|result status|parent result|"
               "quantity and timing|copies to:XCN|parent|transport|reason for study:CE|"
               "principal reader|assistant reader|technician|transcriber"},
    SegmentRow{"OBX", "observation",
               "set number|value type|test:CE|sub-id|value|unit:CE|reference range|"
               "abnormal flags|probability|kind of abnormality|result status|range since:TS|"
               "access checks|observed at:TS|producer:CE|observer:XCN|method:CE|device:EI|"
               "analysed at:TS|||observation site|performing laboratory:XON|"
               "laboratory address:XAD|laboratory director:XCN"},
    SegmentRow{"SPM", "specimen",
               "set number|specimen id:EIP|parent specimen:EIP|specimen type:CWE|type modifier:CWE|"
               "additives:CWE|collection method:CWE|source site:CWE|site modifier:CWE|"
               "collection site:CWE|specimen role:CWE|amount|grouped count|description|"
               "handling:CWE|risk:CWE|collected:DR|received:TS|expires:TS|available|"
               "reject reason:CWE|quality:CWE|appropriateness:CWE|condition:CWE|"
               "current quantity|containers|container type:CWE"},
    SegmentRow{"NTE", "note", "set number|source of the note|text|note type:CE|entered by:XCN"},
    SegmentRow{"SAC", "container",
               "external accession:EI|accession:EI|container id:EI|primary container:EI|"
               "equipment container:EI|specimen source|registered:TS|status:CE|carrier type:CE|"
               "carrier:EI|position in carrier"},
    SegmentRow{"TCD", "test code details",
               "test:CE|automatic dilution|rerun dilution|pre-dilution|endogenous content|"
               "automatic repeat allowed|reflex allowed|repeat status:CE"},
    SegmentRow{"CTI", "clinical trial", "study:EI|study phase:CE|scheduled time point:CE"},
    SegmentRow{"TQ1", "timing", "set number|quantity|repeat pattern|explicit time"},
    SegmentRow{"INV", "inventory",
               "substance:CE|substance status:CE|substance type:CE|container:CE"},
    SegmentRow{"MRG", "merge",
               "prior identifiers:CX|prior alternate ids:CX|prior account:CX|prior patient id:CX"},
    SegmentRow{"NK1", "next of kin",
               "set number|name:XPN|relationship:CE|address:XAD|telephone:XTN"},
    SegmentRow{"GT1", "guarantor",
               "set number|number:CX|name:XPN|spouse:XPN|address:XAD|telephone:XTN"},
    SegmentRow{"IN1", "insurance", "set number|plan:CE|company:CX|company name:XON|address:XAD"},
    SegmentRow{"EVN", "event", "type|recorded:TS|planned:TS|reason|operator:XCN|occurred:TS"},
    SegmentRow{"MSA", "acknowledgement", "code|control id answered|text|expected sequence number"},
    SegmentRow{"ERR", "error", "place|location|code:CWE|severity"},
};

struct TypeRow {
    std::string_view type;
    std::string_view components;
};

constexpr std::array kTypes{
    TypeRow{"CX", "identifier|check digit|check scheme|who gave it|type|facility|from|until"},
    TypeRow{"XPN", "family name|given name|other given names|suffix|prefix|degree|kind|script"},
    TypeRow{"XCN",
            "identifier|family name|given name|other given names|suffix|prefix|degree|"
            "source table|who gave it"},
    TypeRow{"CE", "code|text|code system|other code|other text|other code system"},
    TypeRow{"CWE",
            "code|text|code system|other code|other text|other code system|version|"
            "other version|original text"},
    TypeRow{"EI", "identifier|name space|universal id|kind of universal id"},
    TypeRow{"EIP", "placer's id|filler's id"},
    TypeRow{"HD", "name|universal id|kind of universal id"},
    TypeRow{"TS", "time|precision"},
    TypeRow{"DR", "from|until"},
    TypeRow{"MSG", "type|event|structure"},
    TypeRow{"PT", "processing id|mode"},
    TypeRow{"VID", "version|country|national version"},
    TypeRow{"PL", "point of care|room|bed|facility|status|kind|building|floor"},
    TypeRow{"XAD", "street|second line|city|state|postal code|country|kind"},
    TypeRow{"XTN", "number|use|equipment|e-mail|country code|area code|local number"},
    TypeRow{"XON", "name|kind of name|id|check digit|check scheme|who gave it"},
};

/// Part `number` (from 1) of a list that `|` separates.
std::string_view part(std::string_view list, std::size_t number) {
    while (number > 1) {
        const std::size_t bar = list.find('|');
        if (bar == std::string_view::npos) {
            return {};
        }
        list.remove_prefix(bar + 1);
        --number;
    }
    return number == 0 ? std::string_view() : list.substr(0, list.find('|'));
}

std::string_view field_row(std::string_view segment, std::size_t field) {
    const auto* const row = std::ranges::find(kSegments, segment, &SegmentRow::id);
    return row == kSegments.end() ? std::string_view() : part(row->fields, field);
}

}  // namespace

std::string_view segment_name(std::string_view segment) {
    const auto* const row = std::ranges::find(kSegments, segment, &SegmentRow::id);
    return row == kSegments.end() ? std::string_view() : row->name;
}

std::string_view field_name(std::string_view segment, std::size_t field) {
    const std::string_view row = field_row(segment, field);
    return row.substr(0, row.find(':'));
}

std::string_view component_name(std::string_view segment, std::size_t field,
                                std::size_t component) {
    const std::string_view row = field_row(segment, field);
    const std::size_t colon = row.find(':');
    if (colon == std::string_view::npos) {
        return {};
    }
    const auto* const type = std::ranges::find(kTypes, row.substr(colon + 1), &TypeRow::type);
    return type == kTypes.end() ? std::string_view() : part(type->components, component);
}

}  // namespace labrelay::views
